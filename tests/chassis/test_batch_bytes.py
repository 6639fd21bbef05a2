"""Batches are bounded in bytes as in number, going out and coming in; nothing is passed over, and nothing overtakes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from infoparquet_contracts.envelope import MAX_EVENT_BYTES, Record
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import batches
from chassis.database import open_engine
from chassis.outbox import Outgoing, append
from chassis.reading import PAGE_RECORDS, PIECE_RECORDS, Reading
from tests.builders import NOON

FIRST, SECOND = (TopicPartition(JOURNAL.name, one) for one in range(2))
LARGEST = b"x" * MAX_EVENT_BYTES
IN_A_BATCH = batches.BATCH_BYTES // MAX_EVENT_BYTES


@pytest.fixture
async def connection(chassis_database: str) -> AsyncIterator[AsyncConnection]:
    engine = open_engine(chassis_database, name="tests", connections=1)
    async with engine.begin() as one:
        yield one
    await engine.dispose()


def row(place: int, value: bytes, *, urgent: bool = False) -> Outgoing:
    return Outgoing(JOURNAL.name, Record(str(UUID(int=place)).encode(), value, ()), urgent=urgent)


async def test_rows_of_the_largest_size_go_out_a_few_at_a_time_in_order(connection: AsyncConnection) -> None:
    count = IN_A_BATCH + 2
    await append(connection, [row(place, LARGEST) for place in range(count)])
    first = await batches.claim(connection, 1, NOON)
    second = await batches.claim(connection, 2, NOON)
    assert [len(first), len(second)] == [IN_A_BATCH, 2]
    assert [one.key for one in (*first, *second)] == [row(place, b"").record.key for place in range(count)]


async def test_a_row_larger_than_a_batch_goes_alone(connection: AsyncConnection) -> None:
    await append(connection, [row(0, b"x" * (batches.BATCH_BYTES + 1)), row(1, b"small")])
    assert [one.id for one in await batches.claim(connection, 1, NOON)] == [1]
    assert [one.value for one in await batches.claim(connection, 2, NOON)] == [b"small"]


async def test_the_urgent_are_not_put_off_by_large_rows_that_came_before(connection: AsyncConnection) -> None:
    await append(connection, [row(place, LARGEST) for place in range(IN_A_BATCH)])
    await append(connection, [row(IN_A_BATCH, b"urgent", urgent=True)])
    assert b"urgent" in [one.value for one in await batches.claim(connection, 1, NOON)]


def record(partition: TopicPartition, offset: int, size: int) -> ConsumerRecord:
    return ConsumerRecord(partition.topic, partition.partition, offset, 0, 0, None, b"x" * size, None, 0, size, ())


@dataclass
class Log:
    """What a client has fetched of each partition; an error stands where a record cannot be read."""

    left: dict[TopicPartition, list[ConsumerRecord | Exception]]
    waits: list[int] = field(default_factory=list)

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        self.waits.append(timeout_ms)
        found: dict[TopicPartition, list[ConsumerRecord]] = {}
        for one in partitions or self.left:
            while self.left[one] and sum(map(len, found.values())) < max_records:
                following = self.left[one].pop(0)
                if isinstance(following, Exception):
                    raise following
                found.setdefault(one, []).append(following)
        return found


def log_of(size: int, count: int) -> Log:
    return Log({one: [record(one, offset, size) for offset in range(count)] for one in (FIRST, SECOND)})


def offsets(taken: Sequence[dict[TopicPartition, list[ConsumerRecord]]], partition: TopicPartition) -> list[int]:
    return [one.offset for page in taken for one in page.get(partition, [])]


async def test_large_records_come_fewer_at_once_and_none_is_passed_over() -> None:
    log = log_of(size=1000, count=300)
    reading = Reading(log.getmany, most_bytes=80_000)
    pages = [await reading(timeout_ms=5) for _ in range(7)]
    assert max(len(one) for page in pages for one in page.values()) <= 80 + PIECE_RECORDS
    assert [sum(map(len, page.values())) for page in pages] == [100] * 6 + [0]
    assert offsets(pages, FIRST) == offsets(pages, SECOND) == list(range(300))


async def test_small_records_come_in_the_number_asked_for_and_only_the_first_look_waits() -> None:
    log = log_of(size=1, count=PAGE_RECORDS)
    page = await Reading(log.getmany)(timeout_ms=5)
    assert sum(map(len, page.values())) == PAGE_RECORDS
    assert log.waits == [5] + [0] * (PAGE_RECORDS // PIECE_RECORDS - 1)
    assert list(await Reading(log.getmany)(SECOND, timeout_ms=5, max_records=10)) == [SECOND]


async def test_what_came_before_an_error_is_given_first_and_then_the_error() -> None:
    log = Log({FIRST: [record(FIRST, offset, 1) for offset in range(PIECE_RECORDS)], SECOND: [ValueError("torn")]})
    reading = Reading(log.getmany)
    assert len((await reading(timeout_ms=5))[FIRST]) == PIECE_RECORDS
    with pytest.raises(ValueError, match="torn"):
        await reading(timeout_ms=5)
    assert await reading(timeout_ms=5) == {}
