"""The feed of facts, followed live: an organisation's, or a procedure's."""

from dataclasses import dataclass
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
from services.query.rights import OfTribunal, Sight, has_in_hand
from services.query.store import procedures

AFTER: Final = "Last-Event-ID"

LastEventId = Annotated[
    str | None,
    Header(alias=AFTER, max_length=LONGEST_CURSOR, description="L’`id` du dernier événement reçu, pour reprendre."),
]


@dataclass(frozen=True, slots=True)
class Listener:
    """Who follows: what it may see, until when (Unix time), and of which session, whose end ends its streams."""

    sight: Sight
    until: float
    session: bytes | None = None


@dataclass(frozen=True, slots=True)
class Streams:
    """Opens them, after the event that is named or from now on; one with nothing to say says so every `heartbeat` s."""

    parts: Parts
    fanout: Fanout
    heartbeat: float = HEARTBEAT_SECONDS

    def of_organisation(self, listener: Listener, last: str | None) -> EventStream:
        """All that it is told. Raises Problem for what is no cursor."""
        return self._opened(listener, Scope(listener.sight), _last(last), last)

    async def of_procedure(self, listener: Listener, one: UUID, last: str | None) -> EventStream | None:
        """What it is told of one that it may see; None where nothing is left to be told to a court. Raises Problem."""
        after, scope = _last(last), Scope(listener.sight, one)
        if isinstance(listener.sight, OfTribunal):
            async with self.parts.engine.connect() as connection:
                after = after or await feed_store.end(connection, scope)
                if not await _may_hear(connection, listener.sight, one, after):
                    return None
        return self._opened(listener, scope, after, last)

    def _opened(self, listener: Listener, scope: Scope, after: Place | None, last: str | None) -> EventStream:
        return EventStream(
            self.fanout,
            self.parts.engine,
            scope,
            after,
            is_new=not last,
            until=listener.until,
            session=listener.session,
            headers=freshness(self.fanout.newest),
            heartbeat=self.heartbeat,
        )


def routes(
    parts: Parts, fanout: Fanout, *, patience: float = PATIENCE, heartbeat: float = HEARTBEAT_SECONDS
) -> APIRouter:
    """The streams' routes."""
    router, streams = APIRouter(tags=["suivi"]), Streams(parts, fanout, heartbeat)

    @router.get("/v1/stream", summary="Les faits de votre organisation, à mesure qu’ils arrivent")
    async def stream(caller: AnyCaller, sight: WithSight, last: LastEventId = None) -> Response:
        return streams.of_organisation(Listener(sight, caller.expires), last)

    @router.get("/v1/procedures/{which}/stream", summary="Les faits d’une procédure, à mesure qu’ils arrivent")
    async def procedure_stream(
        which: Annotated[str, Path(max_length=64)], caller: AnyCaller, sight: WithSight, last: LastEventId = None
    ) -> Response:
        _last(last)
        found = await find_soon(parts, which, sight, patience)
        opened = await streams.of_procedure(Listener(sight, caller.expires), found.id, last)
        return Response(status_code=204) if opened is None else opened

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
