"""The operators' desk: who comes in, and the five services that are asked with the person's own token.

One of them that does not answer in time costs the page its own line, and no other.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import httpx
from fastapi import Request
from infoparquet_contracts.topics import SERVICES

from chassis.errors import Unavailable
from chassis.identity import only
from chassis.problems import Problem
from services.query.portal.shell import Shell
from services.query.portal.upstream import Upstream
from services.query.portal.visits import Form, Visit

# To measure its lag a service takes three at most.
LOOK_SECONDS: Final = 5.0
# A replay applies all that waited, in one transaction of the service.
REPLAY_SECONDS: Final = 35.0
LABELS: Final[Mapping[str, str]] = {
    "intake": "Dépôt",
    "numbering": "Numérotation",
    "routing": "Orientation",
    "notify": "Notifications",
    "query": "Suivi",
}
_OPERATORS: Final = only("operator", roles=["operator"], refusal="Votre rôle ne donne pas accès à l’exploitation.")
Key = TypeVar("Key")
Said = TypeVar("Said")


@dataclass(frozen=True, slots=True)
class Desk:
    """`beside` are the other services, by name."""

    shell: Shell
    beside: Mapping[str, Upstream]

    async def visit(self, request: Request) -> Visit:
        """An operator who is signed in. Raises NotSignedIn, or Problem 403."""
        visit = await self.shell.visits.visit(request)
        await _OPERATORS(visit.caller)
        return visit

    async def posted(self, request: Request) -> tuple[Visit, Form]:
        """The same, with a form of this very session."""
        visit, form = await self.shell.visits.posted(request)
        await _OPERATORS(visit.caller)
        return visit, form

    def services(self, request: Request, limit: float | None = None) -> Mapping[str, Upstream]:
        """All five, in the order of the road; this one is asked as the others are, without leaving the process."""
        inside = httpx.ASGITransport(app=request.app, raise_app_exceptions=False)
        own = Upstream("query", "http://query", transport=inside)
        return {name: replace(self.beside.get(name, own), limit=limit or LOOK_SECONDS) for name in SERVICES}

    def service(self, request: Request, name: str, limit: float | None = None) -> Upstream:
        """One of them. Raises Problem 404 for a name that is none's."""
        found = self.services(request, limit).get(name)
        if found is None:
            raise Problem(404, "unknown-page", "Aucun service ne porte ce nom.")
        return found

    async def page(self, request: Request, name: str, visit: Visit, path: str) -> Mapping[str, Any]:
        """What a service has there. Raises Unavailable, or Problem 404."""
        found = await self.service(request, name).read(visit, path)
        if found is None:
            raise Problem(404, "unknown-page", "Cette page n’existe pas, ou plus.")
        return found


async def answers(asked: Mapping[Key, Coroutine[Any, Any, Said]]) -> dict[Key, Said | None]:
    """What each says, all asked at once; None of one that does not answer in time."""
    said = await asyncio.gather(*(_said(one) for one in asked.values()))
    return dict(zip(asked, said, strict=True))


async def _said(asked: Coroutine[Any, Any, Said]) -> Said | None:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await asked
    except (Unavailable, TimeoutError):
        return None
