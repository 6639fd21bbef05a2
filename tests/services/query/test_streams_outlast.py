"""Streams stay open while the database is away, and end where it comes back as another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload
from sqlalchemy import text

from chassis.errors import CONNECTION_ERRORS
from chassis.migration import migrate
from deploy.local.postgres import Postgres
from reference import default_url
from services.query.rebuilding import MIGRATIONS
from services.query.service import build
from services.query.settings import QuerySettings
from tests.processes import until
from tests.services.in_process import InProcess, in_process, told
from tests.services.issuer import Issuer
from tests.services.query.histories import a_submission, said
from tests.services.query.listening import Listening, listening
from tests.services.query.test_feed import ROAD


@asynccontextmanager
async def a_service(server: Postgres, issuer: Issuer) -> AsyncIterator[tuple[InProcess, Listening]]:
    url = await server.create_database("infoparquet_query_mortal")
    await migrate(url, MIGRATIONS)
    settings = QuerySettings(**told(url, issuer), reference_url=default_url())
    async with (
        in_process(build(settings), settings, issuer, tables="procedures, timeline, feed") as query,
        listening(query.running, issuer) as streams,
    ):
        yield query, streams


async def read_at_last(query: InProcess, *events: Event[Payload]) -> None:
    """As the consumer does, which tries again for as long as it takes; what was committed is not read twice."""

    async def done() -> bool:
        try:
            await query.read(*events)
        except CONNECTION_ERRORS:
            return False
        return True

    await until(done)


async def test_streams_go_on_when_the_database_is_back(mortal_postgres: Postgres, issuer: Issuer) -> None:
    events = said(*ROAD)
    async with a_service(mortal_postgres, issuer) as (query, streams):
        await query.read(*events[:2])
        path = f"/v1/procedures/{events[0].subject}/stream"
        async with streams.open() as all_of_it, streams.open(path, "administration:dreal-33") as one:
            start = [await stream.next() for stream in (all_of_it, one)]
            await mortal_postgres.kill()
            assert await streams.refused() == 503
            await mortal_postgres.start()
            await read_at_last(query, *events[2:])
            expected = [str(event.id) for event in events[2:]]
            assert [await stream.facts(len(expected)) for stream in (all_of_it, one)] == [expected, expected]
        assert start[0] is not None
        async with streams.open(after=start[0].id) as again:
            assert await again.facts(len(expected)) == expected


async def test_streams_end_where_the_feed_is_another(mortal_postgres: Postgres, issuer: Issuer) -> None:
    async with a_service(mortal_postgres, issuer) as (query, streams):
        await query.read(*said(*ROAD))
        async with streams.open() as stream:
            here = await stream.next()
            async with query.running.engine.begin() as connection:
                # As of a backup from before.
                await connection.execute(text("DELETE FROM feed WHERE seq > 2"))
            await query.read(*said(a_submission("R-2")))
            assert await stream.ended() == []
        assert here is not None
        assert await streams.refused(after=here.id) == 410
        async with streams.open() as stream:
            assert await stream.next() is not None
