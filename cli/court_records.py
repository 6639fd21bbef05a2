"""A court's two topics without a group: what it was told, what became of a reply, and sending one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from infoparquet_contracts.court import Delivery, ReplyRefused
from infoparquet_contracts.envelope import Event, Undecodable, decode, encode
from infoparquet_contracts.topics import replies_topic, tribunal_topic

_POLL_MS = 200


class NoTopic(Exception):  # noqa: N818 - which one is its message
    """The broker has no such topic, or hides it from us."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event, and the record that it is in."""

    record: ConsumerRecord
    event: Event[Any]


@dataclass(frozen=True, slots=True)
class CourtRecords:
    """Reads the court's topic from its beginning to now, then on."""

    code: str
    kafka: str
    consumer: AIOKafkaConsumer

    async def told_of(self, which: str) -> list[Message]:
        """What the topic has of a procedure up to now, by its id or its number, each message once, in order.

        A message repeated to a court that was away keeps its id, and its place.
        """
        partition = self._partition()
        end = (await self.consumer.end_offsets([partition]))[partition]
        found: dict[UUID, Message] = {}
        # Only the message that hands it over, or tells of it, has its number, and it comes first.
        subjects: set[UUID] = set()
        while await self.consumer.position(partition) < end:
            for message in await self._poll():
                subject = message.event.subject
                if which.lower() in (str(subject), str(getattr(message.event.data, "number", subject)).lower()):
                    subjects.add(subject)
                if subject in subjects:
                    found.setdefault(message.event.id, message)
        return list(found.values())

    async def last_delivery(self, which: str) -> Event[Delivery] | None:
        """The last delivery of a procedure, by its id or its number, None where there is none."""
        deliveries = [one.event for one in await self.told_of(which) if isinstance(one.event.data, Delivery)]
        return deliveries[-1] if deliveries else None

    async def refusal(self, reply: UUID) -> ReplyRefused:
        """What refuses a reply, as soon as the topic has it; reads on from where it was."""
        while True:
            for message in await self._poll():
                data = message.event.data
                if isinstance(data, ReplyRefused) and data.reply == reply:
                    return data

    async def send(self, event: Event[Any]) -> None:
        """A reply, acknowledged by the broker. Raises KafkaError."""
        record = encode(event)
        async with AIOKafkaProducer(bootstrap_servers=self.kafka, enable_idempotence=True) as producer:
            await producer.send_and_wait(
                replies_topic(self.code).name, value=record.value, key=record.key, headers=list(record.headers)
            )

    def _partition(self) -> TopicPartition:
        return TopicPartition(tribunal_topic(self.code).name, 0)

    async def _poll(self) -> list[Message]:
        records = (await self.consumer.getmany(timeout_ms=_POLL_MS)).get(self._partition(), [])
        return [Message(record, event) for record in records if (event := _decoded(record)) is not None]


def _decoded(record: ConsumerRecord) -> Event[Any] | None:
    try:
        return decode(record.key, record.value, record.headers)
    except Undecodable:
        # `listen` says so; it is nothing that could be answered or fetched.
        return None


@asynccontextmanager
async def open_records(code: str, kafka: str, *, replying: bool = True) -> AsyncIterator[CourtRecords]:
    """At the beginning of the court's topic. Raises NoTopic, also for that of its replies, or KafkaError."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    try:
        await consumer.start()
        known = await consumer.topics()
        for topic in (tribunal_topic(code).name, *([replies_topic(code).name] if replying else [])):
            if topic not in known:
                raise NoTopic(topic)
        partition = TopicPartition(tribunal_topic(code).name, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        yield CourtRecords(code, kafka, consumer)
    finally:
        # Shielded: what was begun is closed even where the wait was cancelled.
        await asyncio.shield(consumer.stop())
