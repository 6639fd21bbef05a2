"""The relay's Kafka side: a fenced producer that publishes a batch whole, with its number, or not at all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from infoparquet_contracts.operations import RelayBatch
from infoparquet_contracts.topics import relay_topic

from chassis.crash import CrashPoints
from chassis.kafka import KafkaSettings
from chassis.outbox import Outgoing, read_headers
from chassis.relayed import STEP, committed_batch

_TOPIC_FAULTS = (TimeoutError, UnknownTopicOrPartitionError, TopicAuthorizationFailedError, InvalidTopicError)

LOOK_UP = 2.0


@dataclass(frozen=True, slots=True)
class Row:
    """An outbox row of a claimed batch."""

    id: int
    topic: str
    key: bytes | None
    value: bytes
    headers: str
    receipted: bool
    appended_at: datetime

    def kafka_headers(self) -> list[tuple[str, bytes]]:
        """Headers as the client takes them."""
        return list(read_headers(self.headers))


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the broker put a record."""

    topic: str
    partition: int
    offset: int
    at: datetime


Receipt = Callable[[Row, Placed], Outgoing]
# Topic, partition and offset of a record.
Told = Callable[[str, int, int], None]


class Doubt(Exception):  # noqa: N818 - not a failure of the batch: nobody knows yet
    """What became of the batch is unknown; only the number read back from Kafka decides."""


class TopicFails(Exception):  # noqa: N818
    """A topic takes nothing now; found before the transaction began, so nothing is in doubt."""

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(topic, reason)
        self.topic = topic
        self.reason = reason


class RowRefused(Exception):  # noqa: N818
    """The broker refuses this row for good; the transaction was given up."""

    def __init__(self, row: Row, reason: str) -> None:
        super().__init__(row.id, reason)
        self.row = row
        self.reason = reason


class Handover:
    """A producer with the service's transactional id, open until any doubt."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        service: str,
        kafka: KafkaSettings,
        receipt: Receipt | None,
        crash: CrashPoints,
        mark: int,
        published: Told,
    ) -> None:
        self._producer = producer
        self._service = service
        self._kafka = kafka
        self._receipt = receipt
        self._crash = crash
        self._mark = mark
        self._published = published

    @classmethod
    @contextlib.asynccontextmanager
    async def fenced(
        cls,
        service: str,
        kafka: KafkaSettings,
        receipt: Receipt | None,
        crash: CrashPoints,
        published: Told,
    ) -> AsyncIterator["Handover"]:
        """Fence any earlier producer of this service, and have the broker end what it left open."""
        producer = AIOKafkaProducer(
            **kafka.client(f"infoparquet.{service}.relay"),
            transactional_id=f"infoparquet.{service}.relay",
            transaction_timeout_ms=10_000,
            request_timeout_ms=int(STEP * 1000),
            # Back-to-back transactions each wait this long for the one before to be marked complete.
            retry_backoff_ms=20,
            max_request_size=1_048_576,
            compression_type="lz4",
        )
        try:
            async with asyncio.timeout(STEP):
                await producer.start()
                mark = await _mark(producer, service)
            yield cls(producer, service, kafka, receipt, crash, mark, published)
        finally:
            await _drop(producer)

    async def committed_batch(self) -> int:
        """The number of the last batch that went out, 0 if none did; to be read only once fenced."""
        return await committed_batch(self._service, self._kafka, past=self._mark)

    async def publish(self, batch: int, rows: Sequence[Row]) -> None:
        """One Kafka transaction: the rows in order, their receipts, and the number.

        Raises TopicFails before anything was sent, RowRefused after the transaction was given up, Doubt otherwise.
        """
        await self._look_up({row.topic for row in rows})
        try:
            async with asyncio.timeout(STEP):
                await self._producer.begin_transaction()
                await self._send_all(batch, rows)
                self._crash.reach("relay.produced")
                await self._producer.commit_transaction()
        except RowRefused:
            raise
        except (KafkaError, OSError, TimeoutError, AssertionError) as error:
            raise Doubt(type(error).__name__) from error

    async def _look_up(self, topics: set[str]) -> None:
        found = await asyncio.gather(*(self._fault_of(topic) for topic in sorted(topics)))
        for topic, fault in zip(sorted(topics), found, strict=True):
            if fault is not None:
                await self._hear_from_cluster()
                raise TopicFails(topic, type(fault).__name__)

    async def _hear_from_cluster(self) -> None:
        """A topic is blamed only by a cluster that answers: else all would rest because one node is gone."""
        try:
            async with asyncio.timeout(LOOK_UP):
                heard = await self._producer.client.force_metadata_update()
        except TimeoutError:
            heard = False
        if not heard:
            message = "the cluster does not answer"
            raise Doubt(message)

    async def _fault_of(self, topic: str) -> Exception | None:
        try:
            async with asyncio.timeout(LOOK_UP):
                await self._producer.partitions_for(topic)
        except _TOPIC_FAULTS as fault:
            return fault
        return None

    async def _send_all(self, batch: int, rows: Sequence[Row]) -> None:
        # A court's rows go first: the broker's answers to them are part of what the journal is told.
        places = await self._send_deliveries(rows)
        pending = []
        for row in rows:
            if row.receipted:
                pending.append((row, await self._send(self._told(row, places[row.id]))))
            elif row.id not in places:
                pending.append((row, await self._send(row)))
        number = RelayBatch(batch=batch)
        last = await self._producer.send(
            relay_topic(self._service).name, value=number.model_dump_json().encode(), key=self._service.encode()
        )
        # The client commits a transaction without the records that failed: each answer is looked at.
        for row, future in pending:
            answer = await _answer(row, future)
            self._published(answer.topic, answer.partition, answer.offset)
        await last

    async def _send_deliveries(self, rows: Sequence[Row]) -> dict[int, Placed]:
        topics = {row.topic for row in rows if row.receipted}
        sent = [(row, await self._send(row)) for row in rows if row.topic in topics]
        return {row.id: _placed(row, await _answer(row, future)) for row, future in sent}

    def _told(self, row: Row, placed: Placed) -> Outgoing:
        if self._receipt is None:
            message = f"outbox row {row.id} wants a receipt and this service writes none"
            raise RowRefused(row, message)
        return self._receipt(row, placed)

    async def _send(self, message: Row | Outgoing) -> asyncio.Future[Any]:
        if isinstance(message, Row):
            topic, key, value, headers = message.topic, message.key, message.value, message.kafka_headers()
        else:
            record = message.record
            topic, key, value, headers = message.topic, record.key, record.value, list(record.headers)
        try:
            future: asyncio.Future[Any] = await self._producer.send(topic, value=value, key=key, headers=headers)
        except MessageSizeTooLargeError as error:
            future = asyncio.get_running_loop().create_future()
            future.set_exception(error)
        return future


async def _answer(row: Row, future: asyncio.Future[Any]) -> Any:  # noqa: ANN401 - the client publishes no types
    try:
        return await future
    except (MessageSizeTooLargeError, TopicAuthorizationFailedError, InvalidTopicError) as error:
        raise RowRefused(row, type(error).__name__) from error


def _placed(row: Row, metadata: Any) -> Placed:  # noqa: ANN401
    if metadata.offset < 0:
        message = "the broker gave no offset for a delivery"
        raise Doubt(message)
    return Placed(
        row.topic, metadata.partition, metadata.offset, datetime.fromtimestamp(metadata.timestamp / 1000, UTC)
    )


async def _mark(producer: AIOKafkaProducer, service: str) -> int:
    """Where a record of this reign stands among the batch numbers; its transaction is given up, nobody reads it."""
    await producer.begin_transaction()
    placed = await producer.send_and_wait(relay_topic(service).name, value=b"", key=service.encode())
    await producer.abort_transaction()
    return int(placed.offset)


async def _drop(producer: AIOKafkaProducer) -> None:
    # With the broker frozen neither commit nor stop ever returns.
    with contextlib.suppress(TimeoutError, KafkaError, OSError, asyncio.CancelledError):
        await asyncio.wait_for(producer.stop(), LOOK_UP)
