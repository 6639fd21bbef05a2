"""What comes after a page was made: streams under the session's cookie, and the parts of a page that they renew.

A stream that will tell nothing more says so, so that no page asks for it again and again.
"""

import time
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from chassis.clock import new_id
from chassis.problems import Problem
from services.query.event_stream import HEADERS
from services.query.feed_api import LONGEST_CURSOR, place_of, read_after
from services.query.feed_store import Scope
from services.query.portal.messages import read_messages
from services.query.portal.procedure import seen, standing
from services.query.portal.shell import Shell
from services.query.portal.upstream import Upstream
from services.query.portal.visits import NotSignedIn, Visit
from services.query.stream_api import LastEventId, Listener

# Other processes do not hear that a session ended: pages come again after so long, and are asked who they are.
_ASKED_AGAIN_SECONDS: Final = 300.0
_SIGNED_OUT: Final = "Votre session est terminée : cette page n’est plus tenue à jour."
_LET_GO: Final = "Votre tribunal n’est plus saisi : cette page n’est plus tenue à jour."
# Facts that change more of the page than is renewed.
_OF_THE_DOSSIER: Final = frozenset({"supplemented", "document-infected", "delivered", "declined"})
_MOST_ENTRIES: Final = 1_000_000

After = Annotated[str, Query(max_length=LONGEST_CURSOR)]


def routes(shell: Shell, routing: Upstream) -> APIRouter:
    """`/stream`, `/procedures/{id}/stream`, and `/procedures/{id}/live`, which is what came after so many entries."""
    router = APIRouter(include_in_schema=False, route_class=shell.route)

    @router.get("/stream")
    async def stream(request: Request, after: After = "", last: LastEventId = None) -> Response:
        try:
            visit = await shell.visits.visit(request)
        except NotSignedIn:
            return _over(_SIGNED_OUT)
        return shell.streams.of_organisation(_listener(visit), await _known(shell, visit, last or after))

    @router.get("/procedures/{id}/stream")
    async def procedure_stream(
        request: Request,
        id: UUID,  # noqa: A002 - the name in the path
        after: After = "",
        last: LastEventId = None,
    ) -> Response:
        try:
            visit = await shell.visits.visit(request)
        except NotSignedIn:
            return _over(_SIGNED_OUT)
        found = await seen(shell, visit, id, patience=0)
        known = await _known(shell, visit, last or after)
        return await shell.streams.of_procedure(_listener(visit), found.id, known) or _over(_LET_GO)

    @router.get("/procedures/{id}/live")
    async def news(request: Request, id: UUID, shown: Annotated[int, Query(ge=0, le=_MOST_ENTRIES)]) -> Response:  # noqa: A002
        visit = await shell.visits.visit(request)
        found = await seen(shell, visit, id, patience=0)
        content: dict[str, Any] = {**standing(shell, visit, found, str(new_id()))}
        fresh = content["one"]["timeline"][shown:]
        return shell.show(
            visit,
            "live.html",
            **content,
            fresh=fresh,
            messages=await read_messages(routing, visit, found.entries[shown:]),
            changes_the_dossier=any(entry["fact"] in _OF_THE_DOSSIER for entry in fresh),
        )

    return router


def _listener(visit: Visit) -> Listener:
    until = min(visit.caller.expires, time.time() + _ASKED_AGAIN_SECONDS)
    return Listener(visit.sight, until, visit.session.id)


async def _known(shell: Shell, visit: Visit, last: str) -> str | None:
    """The event to go on after; None where it is of another feed, for the page to be renewed and go on from there."""
    if not last:
        return None
    try:
        async with shell.parts.engine.connect() as connection:
            await read_after(connection, Scope(visit.sight), place_of(last, "/after"), 0)
    except Problem:
        return None
    return last


def _over(why: str) -> Response:
    """A stream that says why it is one no longer."""
    return Response(f"event: over\ndata: {why}\n\n", media_type="text/event-stream", headers=HEADERS)
