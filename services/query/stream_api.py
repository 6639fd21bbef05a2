"""The feed of facts, followed live: an organisation's, or a procedure's."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Header, Path, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.identity import AnyCaller
from chassis.service import Parts
from services.query import feed_store, store
from services.query.api import PATIENCE, WithSight, find_soon, freshness
from services.query.event_stream import HEARTBEAT_SECONDS, EventStream
from services.query.fanout import Fanout
from services.query.feed_api import LONGEST_CURSOR, place_of, read_after
from services.query.feed_store import Place, Scope
from services.query.rights import OfTribunal, has_in_hand
from services.query.store import procedures

AFTER: Final = "Last-Event-ID"

LastEventId = Annotated[
    str | None,
    Header(alias=AFTER, max_length=LONGEST_CURSOR, description="L’`id` du dernier événement reçu, pour reprendre."),
]


def routes(
    parts: Parts, fanout: Fanout, *, patience: float = PATIENCE, heartbeat: float = HEARTBEAT_SECONDS
) -> APIRouter:
    """The streams' routes; one that has nothing to say says so every `heartbeat` seconds."""
    router = APIRouter(tags=["suivi"])

    @router.get("/v1/stream", summary="Les faits de votre organisation, à mesure qu’ils arrivent")
    async def stream(caller: AnyCaller, sight: WithSight, last: LastEventId = None) -> Response:
        return opened(Scope(sight), _last(last), last, caller.expires)

    @router.get("/v1/procedures/{which}/stream", summary="Les faits d’une procédure, à mesure qu’ils arrivent")
    async def procedure_stream(
        which: Annotated[str, Path(max_length=64)], caller: AnyCaller, sight: WithSight, last: LastEventId = None
    ) -> Response:
        after, found = _last(last), await find_soon(parts, which, sight, patience)
        scope = Scope(sight, found.id)
        if isinstance(sight, OfTribunal):
            async with parts.engine.connect() as connection:
                after = after or await feed_store.end(connection, scope)
                if not await _may_hear(connection, sight, found.id, after):
                    return Response(status_code=204)
        return opened(scope, after, last, caller.expires)

    def opened(scope: Scope, after: Place | None, last: str | None, until: float) -> EventStream:
        return EventStream(
            fanout,
            parts.engine,
            scope,
            after,
            is_new=not last,
            until=until,
            headers=freshness(fanout.newest),
            heartbeat=heartbeat,
        )

    return router


def _last(cursor: str | None) -> Place | None:
    """After what the client had last, None where it had nothing. Raises Problem."""
    return place_of(cursor, f"/{AFTER}") if cursor else None


async def _may_hear(connection: AsyncConnection, sight: OfTribunal, procedure: UUID, after: Place) -> bool:
    """Whether anything is left to be told to the court: one that declined hears of its declining, and no more."""
    # Looked at after the place was taken: a decline that comes in between is behind that place.
    found = await store.find(connection, procedures.c.id == procedure)
    if found is not None and has_in_hand(sight.code, found.state):
        return True
    return bool(await read_after(connection, Scope(sight, procedure), after, 1))
