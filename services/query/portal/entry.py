"""The door: sign in at the issuer, come back with a session, and sign out of both."""

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import structlog
from fastapi import APIRouter, Request, Response

from chassis.errors import Unavailable
from chassis.identity import BadToken
from chassis.problems import Problem
from services.query.portal import sessions
from services.query.portal.shell import Shell, see_other
from services.query.portal.signing_in import CALLBACK, Attempt, OpenIdClient, SignInRefused
from services.query.portal.visits import sight_of_person

log = structlog.get_logger()
# A path of ours: what begins with two slashes, or one of each kind, browsers read as another host.
_OURS: Final = re.compile(r"/(?![/\\])[!-~]{0,1000}")


def routes(shell: Shell, issuer: OpenIdClient, public_url: str) -> APIRouter:
    """`/sign-in`, where the issuer sends back to, and `/sign-out`."""
    router = APIRouter(include_in_schema=False, route_class=shell.route)
    address = urlsplit(public_url)

    @router.get("/sign-in")
    async def sign_in(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
        if address.scheme == "http" and request.headers.get("host") != address.netloc:
            # On one's own machine, which has several names, the issuer's answer would not find the cookie.
            return see_other(f"{public_url}/sign-in?next={quote(_ours(next))}")
        attempt = Attempt.new()
        answer = see_other(await issuer.address(attempt))
        shell.cookies.give(answer, "attempt", f"{attempt.secret}:{quote(_ours(next), safe='')}")
        return answer

    @router.get(CALLBACK)
    async def come_back(request: Request, state: str = "", code: str = "") -> Response:
        secret, _, following = (shell.cookies.read(request, "attempt") or "").partition(":")
        attempt = Attempt(secret)
        if not secret or not attempt.is_answered_by(state):
            raise _refused(
                "Cette connexion n’a pas été commencée dans ce navigateur, ou l’a été il y a trop longtemps."
            )
        if not code:
            raise _refused("Le service d’identification n’a pas confirmé votre identité.")
        answer = see_other(_ours(unquote(following)))
        shell.cookies.give(answer, "session", (await _begin(shell, issuer, request, attempt, code)).secret)
        shell.cookies.take_back(answer, "attempt")
        return answer

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        visit, _ = await shell.visits.posted(request)
        async with shell.parts.transactions.begin() as transaction:
            await sessions.end(transaction.connection, visit.session)
        shell.streams.fanout.end(visit.session.id)
        try:
            farewell = await issuer.farewell(visit.session.tokens.identity)
        except Unavailable:
            # The portal's own session is over, which is what was asked for first.
            log.warning("portal.farewell_missed")
            farewell = None
        answer = see_other(farewell or "/")
        shell.cookies.take_back(answer, "session")
        return answer

    return router


async def _begin(shell: Shell, issuer: OpenIdClient, request: Request, attempt: Attempt, code: str) -> sessions.Session:
    """The session of somebody whom the services would let in with that token."""
    try:
        tokens = await issuer.redeem(attempt, code)
        caller = await request.app.state.identity.caller(tokens.access)
        await sight_of_person(caller)
        expires_at = datetime.fromtimestamp(caller.expires, UTC)
    except (SignInRefused, BadToken):
        raise _refused("La réponse du service d’identification n’a pas pu être vérifiée.") from None
    async with shell.parts.transactions.begin() as transaction:
        previous = shell.cookies.read(request, "session")
        known = previous and await sessions.find(transaction.connection, previous, transaction.now)
        if known:
            await sessions.end(transaction.connection, known)
            shell.streams.fanout.end(known.id)
        return await sessions.begin(transaction.connection, tokens, transaction.now, expires_at)


def _ours(address: str) -> str:
    return address if _OURS.fullmatch(address) else "/"


def _refused(detail: str) -> Problem:
    return Problem(400, "sign-in-refused", f"{detail} Recommencez la connexion.")
