"""A backlog waits in the outbox for a reader of the journal that is behind, and for nobody who does not read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from infoparquet_contracts.envelope import Record
from infoparquet_contracts.topics import JOURNAL, common_topics, group_of

from chassis.batches import BATCH_ROWS
from chassis.clock import new_id
from chassis.kafka import KafkaSettings, partitions_of
from chassis.outbox import Outgoing
from chassis.pace import FAR_BEHIND, FEWEST_ROWS, MOST_UNREAD, PATIENCE, Pace
from chassis.topics import create_missing
from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_ports
from tests.chassis.journal import committed
from tests.chassis.outbox import Outbox, is_active, opened
from tests.processes import until

READER: Final = "query"
OTHER: Final = "notify"
PARTITION = TopicPartition(JOURNAL.name, 7)
EVERY = partitions_of(JOURNAL)


@pytest.fixture
async def kafka(kafka_server: ApacheKafka) -> KafkaSettings:
    settings = KafkaSettings(bootstrap=kafka_server.bootstrap)
    await create_missing(settings, common_topics(["routing"]))
    for reader in (READER, OTHER):
        await acknowledge(settings, 0, reader)
    return settings


async def acknowledge(kafka: KafkaSettings, offset: int | None, reader: str = READER) -> None:
    """As its consumer does, having read so much of every partition; None: all that is there."""
    async with AIOKafkaConsumer(**kafka.client("tests"), group_id=group_of(reader), enable_auto_commit=False) as one:
        one.assign(EVERY)
        await one.commit(await one.end_offsets(EVERY) if offset is None else dict.fromkeys(EVERY, offset))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def paced(kafka: KafkaSettings, published: int, clock: Clock | None = None) -> AsyncIterator[Pace]:
    """Of a relay that has published so many records, one offset apart."""
    async with Pace.kept((READER, OTHER), kafka) as pace:
        pace.clock = clock or Clock()
        for offset in range(published):
            pace.published(JOURNAL.name, PARTITION.partition, offset)
        yield pace


async def test_what_is_unread_by_the_last_leaves_no_room(kafka: KafkaSettings) -> None:
    async with paced(kafka, MOST_UNREAD) as pace:
        assert await pace.room(BATCH_ROWS) == 0
        await acknowledge(kafka, 300, READER)
        assert await pace.room(0) == 0, "the other has read nothing"
        await acknowledge(kafka, 200, OTHER)
        assert await pace.room(0) == 200
        await acknowledge(kafka, MOST_UNREAD, READER)
        await acknowledge(kafka, MOST_UNREAD, OTHER)
        assert await pace.room(BATCH_ROWS) == MOST_UNREAD


async def test_nobody_is_asked_while_few_rows_come(kafka: KafkaSettings) -> None:
    async with paced(kafka, MOST_UNREAD) as pace:
        assert await pace.room(FEWEST_ROWS - 1) == MOST_UNREAD
    async with Pace.kept((), kafka) as alone:
        assert await alone.room(BATCH_ROWS) == BATCH_ROWS


async def test_a_reader_that_stands_still_is_waited_for_until_its_group_would_have_lost_it(
    kafka: KafkaSettings,
) -> None:
    clock = Clock()
    async with paced(kafka, MOST_UNREAD, clock) as pace:
        assert await pace.room(BATCH_ROWS) == 0
        clock.now = PATIENCE - 1
        await acknowledge(kafka, 1, OTHER)
        assert await pace.room(0) == 0
        clock.now = PATIENCE
        assert await pace.room(0) == 0, "the other has moved"
        clock.now = 2 * PATIENCE
        assert await pace.room(0) == MOST_UNREAD


async def test_a_reader_that_catches_up_on_a_long_past_is_not_waited_for(kafka: KafkaSettings) -> None:
    async with paced(kafka, 0) as pace:
        for offset in range(FAR_BEHIND + 1, FAR_BEHIND + MOST_UNREAD):
            pace.published(JOURNAL.name, PARTITION.partition, offset)
        assert await pace.room(BATCH_ROWS) == MOST_UNREAD
        for reader in (READER, OTHER):
            await acknowledge(kafka, FAR_BEHIND, reader)
        assert await pace.room(BATCH_ROWS) == 0


async def test_a_broker_that_does_not_answer_holds_nothing_back() -> None:
    (closed,) = free_ports(1)
    async with paced(KafkaSettings(bootstrap=f"127.0.0.1:{closed}"), MOST_UNREAD) as pace:
        assert await pace.room(BATCH_ROWS) == MOST_UNREAD


@pytest.fixture
async def outbox(chassis_database: str, kafka: KafkaSettings) -> AsyncIterator[Outbox]:
    async with opened(chassis_database, kafka.bootstrap) as one:
        yield one


def row(procedure: UUID, *, urgent: bool = False) -> Outgoing:
    return Outgoing(JOURNAL.name, Record(str(procedure).encode(), b"{}", ()), urgent=urgent)


async def test_the_urgent_go_past_a_backlog_that_is_held_back(kafka: KafkaSettings, outbox: Outbox) -> None:
    backlog, urgent = [new_id() for _ in range(3 * MOST_UNREAD)], new_id()
    await acknowledge(kafka, None)
    await outbox.append([row(one) for one in backlog])
    async with outbox.relay(READER) as relay:
        await is_active(relay)
        await outbox.is_left(2 * MOST_UNREAD)
        await outbox.append([row(urgent, urgent=True)])

        async def passed() -> bool:
            return await outbox.rows("SELECT count(*) FROM outbox WHERE urgent") == [(0,)]

        await until(passed, what="the urgent has gone")
        assert await outbox.rows("SELECT count(*) FROM outbox") == [(2 * MOST_UNREAD,)]

        async def all_read() -> bool:
            await acknowledge(kafka, None)
            return await outbox.rows("SELECT count(*) FROM outbox") == [(0,)]

        await until(all_read, what="the backlog follows as it is read")
    keys = {str(one).encode() for one in (*backlog, urgent)}
    assert sorted(one.key for one in await committed(kafka.bootstrap, JOURNAL) if one.key in keys) == sorted(keys)
