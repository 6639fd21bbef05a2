"""What is urgent leaves the outbox before a backlog, and never before what waits of its own procedure."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from infoparquet_contracts.envelope import Record
from infoparquet_contracts.topics import JOURNAL, tribunal_topic
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import batches
from chassis.database import open_engine
from chassis.metrics import Metrics
from chassis.outbox import Outgoing, append
from chassis.room import Room
from tests.builders import NOON

COURT = tribunal_topic("tj33063").name
BACKLOG = 2 * batches.BATCH_ROWS


def row(procedure: int, value: str, *, urgent: bool = False, topic: str = JOURNAL.name) -> Outgoing:
    return Outgoing(topic, Record(str(UUID(int=procedure)).encode(), value.encode(), ()), urgent=urgent)


@pytest.fixture
async def connection(chassis_database: str) -> AsyncIterator[AsyncConnection]:
    engine = open_engine(chassis_database, name="tests", connections=1)
    async with engine.begin() as one:
        await append(one, [row(place, "old") for place in range(BACKLOG)])
        yield one
    await engine.dispose()


async def claimed(connection: AsyncConnection, batch: int = 1) -> list[str]:
    """The values of the next batch that are not of the backlog, in order; it is small if it holds urgent ones."""
    rows = await batches.claim(connection, batch, NOON)
    assert len(rows) == (batches.BATCH_ROWS_WITH_URGENT if batch == 1 else batches.BATCH_ROWS)
    return [one.value.decode() for one in rows if one.value != b"old"]


async def test_the_urgent_are_in_the_first_batch_however_much_waits(connection: AsyncConnection) -> None:
    await append(connection, [row(-1 % 2**128, "urgent", urgent=True), row(-2 % 2**128, "late")])
    assert await claimed(connection) == ["urgent"]
    assert await claimed(connection, 2) == []


async def test_what_waits_of_its_own_procedure_holds_the_urgent(connection: AsyncConnection) -> None:
    late = BACKLOG - 1
    await append(connection, [row(late, "of its own", urgent=True), row(BACKLOG, "another’s", urgent=True)])
    assert await claimed(connection) == ["another’s"]
    assert await claimed(connection, 2) == []


async def test_the_urgent_do_not_go_to_a_topic_that_rests_nor_past_it(connection: AsyncConnection) -> None:
    held = [row(BACKLOG, "to the court", urgent=True, topic=COURT), row(BACKLOG, "of it", urgent=True)]
    await append(connection, [*held, row(BACKLOG + 1, "urgent", urgent=True)])
    await batches.suspend(connection, 0, COURT, "TimeoutError", NOON)
    assert await claimed(connection) == ["urgent"]


async def test_what_waits_is_counted_and_what_has_gone_is_not(chassis_database: str) -> None:
    engine = open_engine(chassis_database, name="tests", connections=1)
    room = Room(2**30, metrics := Metrics())
    rows = [row(place, "x" * 5000) for place in range(100)]
    async with engine.begin() as one:
        await append(one, rows)
    await room.count(engine)
    counted = metrics.registry.get_sample_value("infoparquet_outbox_bytes")
    room.add(rows)
    assert counted == 100 * (5000 + len("[]") + 256)
    doubled = metrics.registry.get_sample_value("infoparquet_outbox_bytes")
    assert doubled == pytest.approx(2 * counted, rel=0.01)
    async with engine.begin() as one:
        await batches.claim(one, 1, NOON)
        await batches.delete(one, 1)
    await room.count(engine)
    assert metrics.registry.get_sample_value("infoparquet_outbox_bytes") == 0
    await engine.dispose()
