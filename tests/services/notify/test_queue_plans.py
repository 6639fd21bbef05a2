"""Looking for what is due reads what is due, however much waits for a later time."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from infoparquet_contracts.registry import MODELS
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import open_engine
from services.notify import queue, store
from tests.builders import NOON

# As after a day without a mail server: most wait for their next try, urgent ones among them, and a thousand are due.
FILL = """
    WITH followed AS (
        INSERT INTO procedures (id, administration, reference, urgent, status, withdrawal_requested)
        VALUES (gen_random_uuid(), 'dreal-33', 'R-1', true, 'numbered', false) RETURNING id)
    INSERT INTO deliveries (id, event_id, procedure_id, event_type, event_data, event_time, channel, recipient, urgent,
                            created_at, state, tries, tries_allowed, next_try_at)
    SELECT gen_random_uuid(), gen_random_uuid(), followed.id, 'fr.justice.infoparquet.procedure.numbered.v1', '{}',
           :now, 'mail', 'administration:dreal-33', n % 8 = 0, :now, 'waiting', 3, 12,
           CAST(:now AS timestamptz) + (n - 1000) * interval '1 second'
    FROM followed, generate_series(1, 20000) AS n
"""
GIVE_UP_TEN = """
    UPDATE deliveries SET state = 'failed', failed_at = next_try_at
    WHERE id IN (SELECT id FROM deliveries ORDER BY id LIMIT 10)
"""
MOST_READ = 100


@pytest.fixture
async def connection(notify_database: str) -> AsyncIterator[AsyncConnection]:
    """Nothing of what is done here stays."""
    engine = open_engine(notify_database, name="tests", connections=1)
    async with engine.connect() as one:
        await one.execute(text(FILL), {"now": NOON})
        await one.execute(text("ANALYZE deliveries"))
        yield one
        await one.rollback()
    await engine.dispose()


async def rows_read(connection: AsyncConnection, statement: TextClause, **given: Any) -> int:
    """How many deliveries the statement came to, those it passed over included."""
    ((explained,),) = (await connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}"), given)).all()
    return _read(explained[0]["Plan"])


def _read(node: dict[str, Any]) -> int:
    passed_over = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    here = (node["Actual Rows"] + passed_over) * node["Actual Loops"] if "Relation Name" in node else 0
    return round(here) + sum(_read(part) for part in node.get("Plans", ()))


async def test_looking_for_what_is_due_reads_little_however_much_waits(connection: AsyncConnection) -> None:
    due = {"now": NOON, "until": NOON + timedelta(minutes=5), "most": 8, "known": list(MODELS)}
    assert await rows_read(connection, queue.CLAIM, **due) <= MOST_READ
    assert await rows_read(connection, queue.NEXT_DUE, known=list(MODELS)) <= MOST_READ


async def test_what_is_due_next_is_the_first_of_all_that_waits_urgent_or_not(connection: AsyncConnection) -> None:
    assert await queue.next_due(connection) == NOON - timedelta(seconds=999)
    await connection.execute(text("UPDATE deliveries SET state = 'sent' WHERE NOT urgent"))
    assert await queue.next_due(connection) == NOON - timedelta(seconds=992)
    await connection.execute(text("UPDATE deliveries SET state = 'sent'"))
    assert await queue.next_due(connection) is None


async def test_what_was_given_up_is_found_without_reading_what_was_sent(connection: AsyncConnection) -> None:
    await connection.execute(text("UPDATE deliveries SET state = 'sent', sent_at = :now"), {"now": NOON})
    await connection.execute(text(GIVE_UP_TEN))
    await connection.execute(text("ANALYZE deliveries"))
    asked = store.failed((NOON - timedelta(days=1), UUID(int=0)), 101)
    written = asked.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    assert await rows_read(connection, text(str(written))) <= MOST_READ
