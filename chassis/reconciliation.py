"""Looks for what this service said in the journal as it came to be, and says again what is not there.

Slow is never lost: what waits is in the outbox, and what had left it stands before the end of the log that is asked
for afterwards. Only when everything up to there was read, and the fact was not in it, is it said again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from infoparquet_contracts.identifiers import ServiceName
from infoparquet_contracts.topics import JOURNAL, SERVICES

from chassis import positions, said_facts
from chassis.errors import is_unavailable
from chassis.kafka import Isolation, KafkaProbe, KafkaSettings, log_reader, partitions_of, read_from
from chassis.metrics import Metrics
from chassis.positions import Misplaced, Superseded
from chassis.reading import Reading
from chassis.said_facts import Heard
from chassis.sweep import Sweep
from chassis.transaction import Transactions

log = structlog.get_logger()

# The journal as it is read here, beside the consumer's place in it.
PLACE = f"heard {JOURNAL.name}"
LONGEST_ROUND = 60.0
LIMIT = 5.0


@dataclass(frozen=True, slots=True)
class ReconcilerParts:
    """What it is made of; `active` tells whether this process is the one that looks, `after` is the deadline."""

    service: ServiceName
    transactions: Transactions
    kafka: KafkaSettings
    probe: KafkaProbe
    metrics: Metrics
    sweep: Sweep
    active: Callable[[], bool]
    after: timedelta

    @property
    def patience(self) -> timedelta:
        """In the order of the road: what others answer to is back before the answers are."""
        return self.after * (SERVICES.index(self.service) + 1)

    @property
    def source(self) -> str:
        """As this service signs."""
        return f"/services/{self.service}"


class Reconciler:
    """One process's candidate for its service's."""

    def __init__(self, parts: ReconcilerParts) -> None:
        self._parts = parts

    async def run(self) -> None:
        """Look twice a deadline until cancelled."""
        while True:
            await asyncio.sleep(self._parts.after.total_seconds() / 2)
            if not self._parts.active():
                continue
            try:
                while await self._round() >= said_facts.MOST_AT_ONCE:
                    # A whole log may be gone.
                    pass
            except Superseded:
                # Another process was taken for the active one while this one looked.
                continue
            except Misplaced as misplaced:
                self._parts.metrics.misplaced.set(1)
                log.error("reconciliation.stopped", reason=str(misplaced))
            except Exception as error:  # a task of its own: what is not caught here stops the service
                if is_unavailable(error) or isinstance(error, KafkaError):
                    log.warning("reconciliation.waits", error=type(error).__name__)
                else:
                    log.error("reconciliation.failed", exc_info=error)

    async def _round(self) -> int:
        async with asyncio.timeout(LONGEST_ROUND):
            return await self.look()

    async def look(self) -> int:
        """Read the journal to its end, and say again what it lacks; how much that was. Raises Misplaced."""
        parts = self._parts
        cluster = await parts.probe.cluster_id()
        async with parts.transactions.begin() as transaction:
            missed = await said_facts.overdue(transaction.connection, parts.patience)
        async with open_reader(parts.kafka, "read_uncommitted") as reader:
            every = partitions_of(JOURNAL)
            ends: dict[TopicPartition, int] = await reader.end_offsets(every)
            firsts: dict[TopicPartition, int] = await reader.beginning_offsets(every)
        stored = await self._stored(firsts, ends, cluster)
        async with open_reader(parts.kafka, "read_committed") as reader:
            await self._read(reader, stored, firsts, ends)
            await parts.sweep.go_on(reader, firsts, ends, parts.transactions.clock() - parts.after)
        parts.metrics.misplaced.set(0)
        async with parts.transactions.begin() as transaction:
            again = await said_facts.say_again(transaction, missed, parts.patience)
        parts.metrics.unreturned.set(again)
        parts.metrics.resent.inc(again)
        if again:
            log.warning("reconciliation.resent", service=parts.service, facts=again)
        return again

    async def _stored(
        self, firsts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], cluster: str
    ) -> dict[TopicPartition, int]:
        async with self._parts.transactions.begin() as transaction:
            fresh = {_place(one): first for one, first in firsts.items()}
            stored = await positions.load(transaction.connection, fresh, cluster)
        for one, end in ends.items():
            if stored[_place(one)] > end:
                message = f"{one.topic}[{one.partition}]: read to {stored[_place(one)]}, the log ends at {end}"
                raise Misplaced(message)
        return {one: stored[_place(one)] for one in ends}

    async def _read(
        self,
        reader: AIOKafkaConsumer,
        stored: Mapping[TopicPartition, int],
        firsts: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
    ) -> None:
        behind = {one: max(stored[one], firsts[one]) for one, end in ends.items() if stored[one] < end}
        read_from(reader, behind)
        standing, reading = {one: stored[one] for one in behind}, Reading(reader.getmany)
        while any([await reader.position(one) < ends[one] for one in behind]):
            batches = await reading(timeout_ms=200)
            records = [record for batch in batches.values() for record in batch]
            heard = [one for record in records if (one := Heard.of(self._parts.source, record)) is not None]
            # Also where none is ours: a round that is cut short is not begun anew, or it would be cut short for ever.
            standing = await self._keep(reader, standing, heard)
        await self._keep(reader, standing, [])

    async def _keep(
        self, reader: AIOKafkaConsumer, standing: dict[TopicPartition, int], heard: list[Heard]
    ) -> dict[TopicPartition, int]:
        reached = {one: await reader.position(one) for one in standing}
        moved = {_place(one): offset for one, offset in reached.items() if offset != standing[one]}
        if moved or heard:
            async with self._parts.transactions.begin() as transaction:
                expected = {_place(one): offset for one, offset in standing.items()}
                await positions.move(transaction.connection, expected, moved)
                await said_facts.hear(transaction.connection, heard)
        return reached


@contextlib.asynccontextmanager
async def open_reader(kafka: KafkaSettings, isolation: Isolation) -> AsyncIterator[AIOKafkaConsumer]:
    """One that is told by hand what it reads from where."""
    # A record that is gone is never skipped unseen: the next round begins at what is left.
    async with log_reader(kafka, "infoparquet.reconciliation", isolation, beyond="none") as reader:
        async with asyncio.timeout(LIMIT):
            await reader.start()
        yield reader


def _place(one: TopicPartition) -> TopicPartition:
    return TopicPartition(PLACE, one.partition)
