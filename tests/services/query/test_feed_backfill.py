"""The facts that a database holds when the feed comes into it are in the feed, as if they had come by it."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from infoparquet_contracts.payload import Payload
from sqlalchemy import text

from chassis.clock import new_id
from chassis.migration import migrate
from services.query.rebuilding import MIGRATIONS
from tests.services.in_process import InProcess
from tests.services.query.histories import said
from tests.services.query.journals import facts
from tests.services.query.older import undo
from tests.services.query.test_feed import ROAD

CONTENT = "SELECT (to_jsonb(feed) - 'seq' - 'stamp')::text FROM feed ORDER BY seq"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2), facts), max_size=25))
async def test_a_feed_made_of_what_is_there_is_the_one_that_would_have_grown(
    query: InProcess, migrated: str, written: list[tuple[int, Payload]]
) -> None:
    async with query.running.engine.begin() as connection:
        await connection.execute(text("TRUNCATE procedures, timeline, feed"))
    # A procedure that began before its other facts came: of others the feed gets them later, and so elsewhere.
    ids = [new_id() for _ in range(3)]
    await query.read(*said(*ROAD), *(said(ROAD[0], subject=one)[0] for one in ids))
    await query.read(*(said(data, subject=ids[which])[0] for which, data in written))
    grown = await query.rows(CONTENT)
    await undo(migrated, "0008")
    await migrate(migrated, MIGRATIONS)
    assert await query.rows(CONTENT) == grown
    (later,) = said(ROAD[0])
    await query.read(later)
    rows: list[tuple[Any, ...]] = await query.rows("SELECT event_id, seq FROM feed ORDER BY seq DESC LIMIT 1")
    assert rows == [(later.id, len(grown) + 1)]


async def test_a_fact_of_an_unknown_procedure_is_not_in_the_feed_before_its_procedure_is(
    query: InProcess, migrated: str
) -> None:
    submitted, early = said(*ROAD[:2])
    await query.read(early)
    await undo(migrated, "0008")
    await migrate(migrated, MIGRATIONS)
    assert await query.rows("SELECT count(*) FROM feed") == [(0,)]
    await query.read(submitted)
    assert await query.rows("SELECT event_id FROM feed ORDER BY seq") == [(early.id,), (submitted.id,)]
