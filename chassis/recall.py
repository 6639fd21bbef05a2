"""Reads back what a service published after the backup that its database was restored from, before it says anything.

What waits in the outbox and stands on a topic already is deleted, by its event's id, and the service takes up what it
said and no longer knows. Cut off at any moment it begins anew: until it is done, Kafka's batch number stays greater.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from infoparquet_contracts.topics import JOURNAL, Topic
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.kafka import Isolation, KafkaSettings, log_reader, partitions_of
from chassis.reading import Reading
from chassis.recollecting import Memory, Recollecting, Recollection
from chassis.relayed import STEP
from chassis.transaction import Transaction

# The lock's connection may be silent for 10 s at most.
LOOK_MS = 500
# A row's time is the database's, a record's the process's.
CLOCKS_APART = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Recall:
    """What a service reads back: the topics it writes, the journal among them."""

    kafka: KafkaSettings
    topics: Sequence[Topic]
    recollection: Callable[[], Recollection]
    # A transaction of the service, on a connection that is in one.
    within: Callable[[AsyncConnection], Transaction]

    async def run(self, connection: AsyncConnection) -> int:
        """On the connection that holds the relay's lock; how many records were read."""
        async with asyncio.timeout(STEP), connection.begin():
            recollecting = await Recollecting.begin(self.within(connection), self.recollection())
        while await self._once(connection, recollecting.take_up_set_aside):
            pass
        count = 0
        async for page in self._pages(recollecting.memory):
            count += len(page)
            async with asyncio.timeout(STEP), connection.begin():
                await recollecting.take_up(self.within(connection), page)
        while await self._once(connection, recollecting.go_on):
            pass
        return count

    async def _once(self, connection: AsyncConnection, step: Callable[[Transaction], Awaitable[bool]]) -> bool:
        async with asyncio.timeout(STEP), connection.begin():
            return await step(self.within(connection))

    async def _pages(self, memory: Memory) -> AsyncIterator[list[ConsumerRecord]]:
        """The journal first: what courts are told is about what stands there."""
        every = [one for topic in self.topics for one in partitions_of(topic)]
        for partitions in (
            [one for one in every if one.topic == JOURNAL.name],
            [one for one in every if one.topic != JOURNAL.name],
        ):
            async for page in self._read(partitions, memory):
                yield page

    async def _read(self, partitions: Sequence[TopicPartition], memory: Memory) -> AsyncIterator[list[ConsumerRecord]]:
        # What we committed behind another writer's open transaction is hidden while that lasts: it is waited for.
        async with _reader(self.kafka, "read_uncommitted", partitions) as looking:
            ends: dict[TopicPartition, int] = await looking.end_offsets(partitions)
        async with _reader(self.kafka, "read_committed", partitions) as reader:
            for one, offset in (await _starts(reader, ends, memory)).items():
                reader.seek(one, offset)
            reading = Reading(reader.getmany)
            while any([await reader.position(one) < end for one, end in ends.items()]):
                found = await reading(timeout_ms=LOOK_MS)
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
    reader: AIOKafkaConsumer, ends: dict[TopicPartition, int], memory: Memory
) -> dict[TopicPartition, int]:
    """From where the database may not know: the journal's positions, or the time of the last that it remembers."""
    firsts: dict[TopicPartition, int] = await reader.beginning_offsets(list(ends))
    starts = {one: max(first, memory.positions.get(one, first)) for one, first in firsts.items()}
    for since, partitions in (
        (memory.waiting_since, [one for one in ends if one.topic == JOURNAL.name]),
        (memory.since, [one for one in ends if one.topic != JOURNAL.name]),
    ):
        if since is not None and partitions:
            at = round((since - CLOCKS_APART).timestamp() * 1000)
            for one, found in (await reader.offsets_for_times(dict.fromkeys(partitions, at))).items():
                place = ends[one] if found is None else found.offset
                starts[one] = min(starts[one], place) if one.topic == JOURNAL.name else place
    return starts
