"""Reads back what a service published after the backup that its database was restored from, before it says anything.

What waits in the outbox and stands on a topic already is deleted, by its event's id, and the service takes up what it
said and no longer knows. Cut off at any moment it begins anew: until it is done, Kafka's batch number stays greater.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from infoparquet_contracts.envelope import Event, Undecodable, decode, id_of
from infoparquet_contracts.overlap import superseded
from infoparquet_contracts.topics import JOURNAL, Topic
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.header_names import is_text
from chassis.kafka import Isolation, KafkaSettings, log_reader
from chassis.outbox import outbox
from chassis.positions import positions
from chassis.relayed import STEP

# The lock's connection may be silent for 10 s at most.
LOOK_MS = 500
PAGE_RECORDS = 1000
# A row's time is the database's, a record's the process's.
CLOCKS_APART = timedelta(minutes=1)


class Recollection(Protocol):
    """What a service makes of its topics as they are read back, once through."""

    async def take_up(self, connection: AsyncConnection, events: Sequence[Event[Any]]) -> None:
        """A page of all that stands there, of others too, each partition in order; it may know some already."""


class Nothing:
    """Of a service that says nothing about procedures, or whose facts bring back nothing that it keeps."""

    async def take_up(self, connection: AsyncConnection, events: Sequence[Event[Any]]) -> None:
        """There is nothing to take up."""


@dataclass(frozen=True, slots=True)
class Recall:
    """What a service reads back: the topics it writes, the journal among them."""

    kafka: KafkaSettings
    topics: Sequence[Topic]
    recollection: Callable[[], Recollection]

    async def run(self, connection: AsyncConnection) -> int:
        """On the connection that holds the relay's lock; how many records were read."""
        async with asyncio.timeout(STEP), connection.begin():
            # What a batch held is no longer certain: what stands on a topic is.
            await connection.execute(update(outbox).values(batch=None).where(outbox.c.batch.is_not(None)))
            waiting, oldest = await _waiting(connection)
            known = await _known(connection)
        recollection, count = self.recollection(), 0
        async for page in self._pages(known, oldest):
            count += len(page)
            published = [waiting[one] for record in page if (one := id_of(record.headers, record.value)) in waiting]
            async with asyncio.timeout(STEP), connection.begin():
                await connection.execute(delete(outbox).where(outbox.c.id.in_(published)))
                await recollection.take_up(connection, [event for record in page if (event := _event(record))])
        return count

    async def _pages(
        self, known: Mapping[TopicPartition, int], oldest: datetime | None
    ) -> AsyncIterator[list[ConsumerRecord]]:
        partitions = [TopicPartition(topic.name, one) for topic in self.topics for one in range(topic.partitions)]
        # What we committed behind another writer's open transaction is hidden while that lasts: it is waited for.
        async with _reader(self.kafka, "read_uncommitted", partitions) as looking:
            ends: dict[TopicPartition, int] = await looking.end_offsets(partitions)
        async with _reader(self.kafka, "read_committed", partitions) as reader:
            for one, offset in (await _starts(reader, partitions, known, oldest)).items():
                reader.seek(one, offset)
            while any([await reader.position(one) < end for one, end in ends.items()]):
                found = await reader.getmany(timeout_ms=LOOK_MS, max_records=PAGE_RECORDS)
                yield [record for records in found.values() for record in records]


@contextlib.asynccontextmanager
async def _reader(
    kafka: KafkaSettings, isolation: Isolation, partitions: Sequence[TopicPartition]
) -> AsyncIterator[AIOKafkaConsumer]:
    async with log_reader(kafka, "infoparquet.recall", isolation) as reader:
        async with asyncio.timeout(STEP):
            await reader.start()
        # At once: the client would ask for each topic by itself, a tenth of a second each.
        reader.assign(partitions)
        yield reader


async def _starts(
    reader: AIOKafkaConsumer,
    partitions: Sequence[TopicPartition],
    known: Mapping[TopicPartition, int],
    oldest: datetime | None,
) -> dict[TopicPartition, int]:
    """From where the database knows: the journal's positions, or where the oldest row of the outbox may stand."""
    firsts: dict[TopicPartition, int] = await reader.beginning_offsets(partitions)
    starts = {one: max(first, known.get(one, first)) for one, first in firsts.items()}
    if oldest is not None:
        at = round((oldest - CLOCKS_APART).timestamp() * 1000)
        journal = [one for one in partitions if one.topic == JOURNAL.name]
        for one, found in (await reader.offsets_for_times(dict.fromkeys(journal, at))).items():
            if found is not None:
                starts[one] = min(starts[one], found.offset)
    return starts


async def _known(connection: AsyncConnection) -> dict[TopicPartition, int]:
    columns = positions.c.topic, positions.c.partition, positions.c.next_offset
    rows = await connection.execute(select(*columns).where(positions.c.topic == JOURNAL.name))
    return {TopicPartition(topic, partition): offset for topic, partition, offset in rows}


async def _waiting(connection: AsyncConnection) -> tuple[dict[str | None, int], datetime | None]:
    """The rows of the outbox by their event's id, and since when the first of them waits."""
    rows = (await connection.execute(select(outbox.c.id, outbox.c.headers, outbox.c.appended_at))).all()
    return {_id_in(row.headers): row.id for row in rows}, min((row.appended_at for row in rows), default=None)


def _id_in(headers: str) -> str | None:
    return id_of(tuple((name, value.encode()) for name, value in json.loads(headers)), None)


def _event(record: ConsumerRecord) -> Event[Any] | None:
    if superseded(record.headers) or not all(is_text(name) for name, _ in record.headers):
        return None
    try:
        return decode(record.key, record.value, record.headers)
    except Undecodable:
        return None
