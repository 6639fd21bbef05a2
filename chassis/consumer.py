"""Reads topics in batches, applies each once, whatever dies: positions, effects and outbox rows in one transaction.

FastStream subscribes and documents; its parser and decoder are replaced by ones that hand over the raw records and
cannot fail, since it would drop a whole batch for one bad record. Kafka's offsets are for monitoring only.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from infoparquet_contracts.topics import group_of

from chassis import positions
from chassis.acknowledging import Acknowledging
from chassis.application import Application, Faulty
from chassis.crash import CrashPoints
from chassis.errors import is_unavailable
from chassis.header_names import read_any_header_name
from chassis.kafka import FETCH_BYTES, KafkaProbe, KafkaSettings, faststream_security
from chassis.lag import measure
from chassis.learning import learn
from chassis.passthrough import keep_raw, keep_undecoded
from chassis.positions import SURE_SECONDS, Misplaced, OutsideLog, Superseded, partition_of
from chassis.reading import Reading
from chassis.relayed import Restored, committed_batch, refuse_restored
from chassis.transaction import Transactions

log = structlog.get_logger()

FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
IDLE_MS, MOST_RECORDS = 1000, 250
# So many records that are none of ours are read again at most, when the service starts again.
MOST_PASSED_OVER = 10_000
# Two batches begin at least this far apart.
BATCH_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class ConsumerParts:
    """What a consumer is made of; `applied` is called after each commit."""

    application: Application
    transactions: Transactions
    kafka: KafkaSettings
    probe: KafkaProbe
    topics: Sequence[str]
    # Names this replica: started again under the same name it gets its partitions back at once (KIP-345).
    member: str
    crash: CrashPoints
    applied: Callable[[], None]


@dataclass
class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka publishes no types
    """One member of the service's group."""

    parts: ConsumerParts
    expected: dict[TopicPartition, int] = field(default_factory=dict)
    # Why reading has stopped for good, None while it has not.
    stopped: str | None = None
    # What the batch in hand waits for, None while it does not wait.
    waiting: str | None = None

    def __post_init__(self) -> None:
        service = self.parts.application.service
        self.broker = KafkaBroker(
            self.parts.kafka.bootstrap.split(","),
            client_id=f"infoparquet.{service}",
            allow_auto_create_topics=False,
            consumer_only=True,
            logger=None,
            security=faststream_security(self.parts.kafka),
        )
        read_any_header_name()
        self._subscriber = self.broker.subscriber(
            *self.parts.topics,
            batch=True,
            group_id=group_of(service),
            group_instance_id=self.parts.member,
            max_records=MOST_RECORDS,
            # FastStream sleeps this long again after an empty poll.
            batch_timeout_ms=10,
            fetch_max_bytes=FETCH_BYTES,
            isolation_level="read_committed",
            # Every partition is given a position before it is read; falling back on another would lose or repeat.
            auto_offset_reset="none",
            ack_policy=AckPolicy.MANUAL,
            # A member killed with -9 frees its partitions after 10 s on every broker (`light` knows no sessions).
            session_timeout_ms=10_000,
            max_poll_interval_ms=10_000,
            rebalance_timeout_ms=10_000,
            listener=self,
            parser=keep_raw,
            decoder=keep_undecoded,
            description="Lit par lots, en read_committed ; chaque événement produit ses effets une seule fois.",
        )
        self._subscriber(self._handle)
        self._placing: asyncio.Task[None] | None = None
        # Where we stand past records that are none of ours: stored with the next batch that holds one.
        self._passed: dict[TopicPartition, int] = {}
        self._passed_over = 0
        self._acknowledging = Acknowledging(lambda to: self._client.commit(to), self.parts.crash)
        self._unreadable_wait = FIRST_WAIT

    async def start(self) -> None:
        """Join the group; waits for the broker, however long that takes."""
        await self.parts.probe.cluster_id()
        await self.broker.start()
        # An empty poll every 10 ms costs 1 % of a core for each idle service; records end a long one at once.
        self._client.getmany = functools.partial(self._poll, Reading(self._client.getmany))

    async def stop(self) -> None:
        """Let the batch in hand finish, then leave the group."""
        if self._placing:
            self._placing.cancel()
        self._acknowledging.cancel()
        await self.broker.stop()

    def read_on(self) -> None:
        """The stored positions were put right: where it had stopped, it reads from them."""
        if self.stopped:
            self.stopped = None
            self._place(self._client.assignment())

    def fault(self) -> str | None:
        """Why this member does not read, in French; None when it does."""
        if self.stopped:
            return f"lecture arrêtée : {self.stopped}"
        if self.waiting:
            return f"lecture en attente : {self.waiting}"
        if self._client is None or not self._client.subscription():
            return "pas encore abonné"
        return None if set(self.expected) == set(self._client.assignment()) else "positions pas encore lues"

    async def report(self) -> list[dict[str, Any]]:
        """Position and lag of each partition of this member. Raises Unavailable("kafka")."""
        now = self.parts.transactions.clock()
        return [lag.as_json() for lag in await measure(self.parts.kafka, self._standing(), now)]

    @property
    def _client(self) -> Any:  # noqa: ANN401 - aiokafka publishes no types
        return self._subscriber.consumer

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002
        """Forget where we stood: whoever owns them next reads it in the database."""
        self._forget_positions()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Hold everything back until the positions are known; nothing is awaited before the pause."""
        self._place(assigned)

    def _place(self, partitions: Collection[TopicPartition]) -> None:
        if self._placing:
            self._placing.cancel()
        self._forget_positions()
        if partitions:
            self._client.pause(*partitions)
            for one in partitions:
                # Any valid place will do while paused; without one the client looks for a committed offset, and fails.
                self._client.seek(one, 0)
            self._placing = asyncio.create_task(self._seek_to_positions(sorted(partitions)))

    async def _seek_to_positions(self, partitions: Sequence[TopicPartition]) -> None:
        wait, sure = FIRST_WAIT, asyncio.get_running_loop().time() + SURE_SECONDS
        while True:
            try:
                stored = await self._stored(partitions)
                # What a replica of the release before kept, of facts whose older version may still be unread here.
                await learn(self.parts.application, self.parts.transactions, self.parts.applied)
                break
            except Exception as error:  # a task of its own: what is not caught here nobody hears
                certain = not isinstance(error, OutsideLog) or asyncio.get_running_loop().time() > sure
                if isinstance(error, Misplaced) and certain:
                    self.stopped = str(error)
                    log.error("consumer.stopped", reason=self.stopped)
                    return
                if not is_unavailable(error) and not isinstance(error, KafkaError | Misplaced | Restored):
                    log.error("consumer.failed", exc_info=error)
                log.warning("consumer.waits", error=type(error).__name__)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
        self.expected = dict(stored)
        for one, offset in stored.items():
            self._client.seek(one, offset)
        self._client.resume(*stored)

    async def _stored(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        cluster = await self.parts.probe.cluster_id()
        firsts: dict[TopicPartition, int] = await self._client.beginning_offsets(list(partitions))
        published = await committed_batch(self.parts.application.service, self.parts.kafka)
        async with self.parts.transactions.begin() as transaction:
            await refuse_restored(transaction.connection, published)
            stored = await positions.load(transaction.connection, firsts, cluster)
        # Only now: an end that was read before may lie behind where another owner has moved the position meanwhile.
        ends: dict[TopicPartition, int] = await self._client.end_offsets(list(partitions))
        positions.stand_within(stored, firsts, ends)
        return stored

    async def _poll(self, getmany: Callable[..., Awaitable[Any]], *, timeout_ms: int, max_records: int) -> Any:  # noqa: ANN401, ARG002
        try:
            records = await getmany(timeout_ms=IDLE_MS, max_records=max_records)
        except ConsumerStoppedError:
            raise
        except Exception as error:  # of one partition, or of the group
            # What was taken out of other partitions is lost with the error: all are read again from where we stand.
            self.waiting = type(error).__name__
            log.error("consumer.unreadable", exc_info=error)
            self._place(self._client.assignment())
            await asyncio.sleep(self._unreadable_wait)
            self._unreadable_wait = min(2 * self._unreadable_wait, LONGEST_WAIT)
            return {}
        self.waiting, self._unreadable_wait = None, FIRST_WAIT
        return records

    async def _handle(self, message: KafkaMessage) -> None:
        """One batch, tried until it is applied or turns out not to be ours; never raises."""
        records: Sequence[ConsumerRecord] = message.raw_message
        self.parts.crash.reach("consumer.received")
        loop = asyncio.get_running_loop()
        began, wait = loop.time(), FIRST_WAIT
        while self.stopped is None:
            try:
                with self.parts.application.metrics.batch.time():
                    await self._apply(records)
            except Superseded:
                self.waiting = None
                self._place(self._client.assignment() if self._client else ())
                return
            except Exception as error:  # nothing may reach FastStream, which would go on with the next batch
                self.waiting = type(error).__name__
                if is_unavailable(error):
                    log.warning("consumer.waits", error=self.waiting)
                else:
                    log.error("consumer.failed", exc_info=error)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
            else:
                self.waiting = None
                break
        if len(records) < MOST_RECORDS:
            # What comes in the meantime is one batch, not ten: nine transactions less on a busy machine.
            await asyncio.sleep(max(0.0, began + BATCH_SECONDS - loop.time()))

    async def _apply(self, records: Sequence[ConsumerRecord]) -> None:
        expected, standing = dict(self.expected), self._standing()
        ours = [record for record in records if record.offset >= standing.get(partition_of(record), 2**63)]
        to = {partition_of(record): record.offset + 1 for record in ours}
        self._passed_over += len(ours)
        if self._passed_over < MOST_PASSED_OVER and not any(map(self.parts.application.concerns, ours)):
            self._passed |= to
            self._acknowledging.soon(to)
            return
        to = self._passed | to
        try:
            await self._commit(expected, to, ours, careful=False)
        except Faulty:
            await self._commit(expected, to, ours, careful=True)
        self.expected.update({one: offset for one, offset in to.items() if one in self.expected})
        self._passed, self._passed_over = {}, 0
        self.parts.applied()
        self._acknowledging.soon(to)

    def _forget_positions(self) -> None:
        self.expected.clear()
        self._passed, self._passed_over = {}, 0

    def _standing(self) -> dict[TopicPartition, int]:
        return {one: self._passed.get(one, offset) for one, offset in self.expected.items()}

    async def _commit(
        self,
        expected: Mapping[TopicPartition, int],
        to: Mapping[TopicPartition, int],
        records: Sequence[ConsumerRecord],
        *,
        careful: bool,
    ) -> None:
        async with self.parts.transactions.begin() as transaction:
            await positions.move(transaction.connection, expected, to)
            self.parts.crash.reach("consumer.moved")
            await self.parts.application.apply(transaction, records, careful=careful)
            self.parts.crash.reach("consumer.handled")
        self.parts.crash.reach("consumer.committed")
