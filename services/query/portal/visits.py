"""Who looks at a page: the session of a cookie, its token checked as any caller's; and forms that are our own."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from chassis.errors import Refused
from chassis.identity import BadToken, Caller
from chassis.problems import Problem
from chassis.service import Parts
from reference.names import Names
from services.query.api import sight, wrong_role
from services.query.portal import sessions
from services.query.portal.cookies import Cookies
from services.query.portal.sessions import Session
from services.query.rights import Sight

_MOST_FIELDS: Final = 1000
_NOT_OF_THIS_SESSION: Final = (
    "Ce formulaire ne vient pas d’une page de votre session : rien n’a été fait. Rouvrez la page."
)
_ROLES: Final = {
    "agent": "agent",
    "manager": "responsable",
    "clerk": "greffe",
    "prosecutor": "magistrat du parquet",
    "operator": "exploitant",
}


class NotSignedIn(Refused):
    """Nobody is signed in, or no longer."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is signed in."""

    session: Session
    caller: Caller
    sight: Sight

    @property
    def bearer(self) -> dict[str, str]:
        """What the person's own calls of other services bear."""
        return {"Authorization": f"Bearer {self.session.tokens.access}"}

    @property
    def person(self) -> str:
        """The same whenever they sign in."""
        return f"{self.caller.organisation} {self.caller.subject}"

    @property
    def is_court(self) -> bool:
        """Whether it answers to procedures."""
        return self.caller.kind == "tribunal"

    @property
    def is_administration(self) -> bool:
        """Whether it submits procedures."""
        return self.caller.kind == "administration"

    @property
    def is_operator(self) -> bool:
        """Whether it sees to the services; without that role, somebody of its organisation is not let in at all."""
        return self.caller.kind == "operator"

    def label(self, names: Names) -> str:
        """« Tribunal judiciaire de Bordeaux, greffe »."""
        match self.caller.kind:
            case "tribunal":
                organisation = names.of(self.caller.code)
            case "administration":
                organisation = self.caller.code
            case _:
                organisation = "Exploitation"
        roles = [_ROLES[role] for role in sorted(self.caller.roles) if role in _ROLES]
        return ", ".join([organisation, *roles])


class Stale(Problem):
    """A form of one of our pages that another session was shown: nothing is done, and `form` is what was typed."""

    def __init__(self, visit: Visit, form: "Form") -> None:
        super().__init__(403, "forged-form", _NOT_OF_THIS_SESSION)
        self.visit = visit
        self.form = form


class Form:
    """The fields of a form of ours, in their order; a name may come more than once."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        """Without the space around it; empty where it is missing."""
        return next((value.strip() for field, value in self._fields if field == name), "")

    def all(self, name: str) -> list[str]:
        """Every value that is not empty."""
        return [value for field, value in self._fields if field == name and value]

    def below(self, names: Iterable[str]) -> dict[str, str]:
        """The first of each field that is so named, or below such a name."""
        wanted = set(names)
        given = {name: self.one(name) for name, _ in self._fields}
        return {name: value for name, value in given.items() if name in wanted or name.partition("/")[0] in wanted}

    @property
    def key(self) -> str:
        """The idempotency key that the page gave it."""
        return self.one("key")


class Visits:
    """Finds out who asks; every route begins with one of its calls."""

    def __init__(self, parts: Parts, cookies: Cookies, public_url: str) -> None:
        self._parts = parts
        self._cookies = cookies
        self._origin = public_url

    async def session(self, request: Request) -> Session | None:
        """The session of the browser's cookie."""
        secret = self._cookies.read(request, "session")
        if secret is None:
            return None
        async with self._parts.engine.connect() as connection:
            return await sessions.find(connection, secret, self._parts.clock())

    async def visit(self, request: Request) -> Visit:
        """Who is signed in. Raises NotSignedIn."""
        session = await self.session(request)
        if session is None:
            raise NotSignedIn
        try:
            caller = await request.app.state.identity.caller(session.tokens.access)
        except BadToken:
            raise NotSignedIn from None
        return Visit(session, caller, await sight_of_person(caller))

    async def posted(self, request: Request) -> tuple[Visit, Form]:
        """Who sent a form, from a page of this very session, and its fields. Raises NotSignedIn, Stale, Problem."""
        visit = await self.visit(request)
        self.require_origin(request)
        form = await read_form(request)
        if not is_own(visit, form.one("csrf")):
            raise self.not_own(request, visit, form)
        return visit, form

    def require_origin(self, request: Request) -> None:
        """Raises a 403 Problem for what a page of another origin sends."""
        if request.headers.get("origin", self._origin) != self._origin:
            raise _forged()

    def is_ours(self, request: Request) -> bool:
        """Whether a page of ours sends it, as browsers say of every form."""
        return request.headers.get("origin") == self._origin

    def not_own(self, request: Request, visit: Visit, form: Form) -> Problem:
        """What is raised for a form without this session's proof: Stale where it is one of ours all the same."""
        return Stale(visit, form) if self.is_ours(request) else _forged()


async def read_form(request: Request) -> Form:
    """The fields of a form without files. Raises Problem."""
    try:
        text = (await request.body()).decode()
        return Form(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
    except ValueError:
        raise Problem(400, "invalid-form", "Ce formulaire n’a pas pu être lu.") from None


def is_own(visit: Visit, csrf: str) -> bool:
    """Whether it is what forms of this very session bear."""
    return hmac.compare_digest(csrf.encode(), visit.session.csrf.encode())


def require_own(visit: Visit, csrf: str) -> None:
    """Raises a 403 Problem for what no page of this very session sends."""
    if not is_own(visit, csrf):
        raise _forged()


async def sight_of_person(caller: Caller) -> Sight:
    """What somebody may see; 403 as a problem for services and for roles that see nothing."""
    if caller.kind == "service":
        raise wrong_role()
    return await sight(caller)


def _forged() -> Problem:
    return Problem(403, "forged-form", _NOT_OF_THIS_SESSION)
