"""Follows the journal and the courts' topics as anyone may, and answers for the courts, whatever becomes of the broker.

A court's reply has an id of its delivery, so that one sent again on any doubt is the same reply.
"""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError
from infoparquet_contracts.court import Delivery
from infoparquet_contracts.envelope import Event, decode, encode
from infoparquet_contracts.facts import Notified
from infoparquet_contracts.overlap import superseded
from infoparquet_contracts.replies import AcknowledgedReply, RegisteredReply, Reply
from infoparquet_contracts.topics import JOURNAL, replies_topic, tribunal_topic

from chassis.kafka import partitions_of, read_from
from cli.faults.traffic import answers_to

_AGAIN_SECONDS = 0.3
_STEP_SECONDS = 10.0
_REQUEST_MS = 5_000


class Follower:
    """`facts` counts what the journal says of each procedure, `notified` what its author was told."""

    def __init__(self, kafka: str, courts: Collection[str]) -> None:
        self._kafka = kafka
        topics = [JOURNAL, *(tribunal_topic(court) for court in courts)]
        self._next = {one: 0 for topic in topics for one in partitions_of(topic)}
        self._handed: asyncio.Queue[Event[Any]] = asyncio.Queue()
        self._changed = asyncio.Event()
        self.facts: dict[UUID, Counter[str]] = defaultdict(Counter)
        self.notified: Counter[UUID] = Counter()

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """While the block lasts."""
        tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._answer())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for failure in ended:
            if isinstance(failure, Exception):
                raise failure

    async def until(self, procedure: UUID, fact: str) -> None:
        """Answers once the journal says it."""
        while not self.facts[procedure][fact]:
            await self._change()

    async def until_all(self, accepted: Mapping[UUID, Collection[str]], told: Collection[str]) -> None:
        """Answers once every procedure came to its facts, and its author was told."""
        for procedure, wanted in accepted.items():
            mails = sum(fact in told for fact in wanted)
            while Counter(wanted) - self.facts[procedure] or self.notified[procedure] < mails:
                await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _follow(self) -> None:
        while True:
            # The broker may be the part that is hit.
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await self._read_on()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _read_on(self) -> None:
        reader = AIOKafkaConsumer(
            bootstrap_servers=self._kafka,
            isolation_level="read_committed",
            enable_auto_commit=False,
            request_timeout_ms=_REQUEST_MS,
            fetch_max_wait_ms=100,
        )
        try:
            await reader.start()
            read_from(reader, self._next)
            while True:
                for partition, records in (await reader.getmany(timeout_ms=1000)).items():
                    for record in records:
                        self._see(record)
                    self._next[partition] = records[-1].offset + 1
                self._changed.set()
        finally:
            await _ended(reader)

    def _see(self, record: ConsumerRecord) -> None:
        if superseded(record.headers):
            return
        event = decode(record.key, record.value, record.headers)
        if isinstance(event.data, Delivery):
            self._handed.put_nowait(event)
        elif isinstance(event.data, Notified):
            self.notified[event.subject] += 1
        elif record.topic == JOURNAL.name:
            self.facts[event.subject][event.data.fact] += 1

    async def _answer(self) -> None:
        producer: AIOKafkaProducer | None = None
        try:
            while True:
                for reply in _replies(await self._handed.get()):
                    producer = await self._say(producer, reply)
        finally:
            await _ended(producer)

    async def _say(self, producer: AIOKafkaProducer | None, reply: Event[Reply]) -> AIOKafkaProducer:
        """With that producer, or another where it fails; answers with the one that did."""
        record = encode(reply)
        topic = replies_topic(reply.source.rpartition("/")[2]).name
        while True:
            try:
                async with asyncio.timeout(_STEP_SECONDS):
                    if producer is None:
                        producer = AIOKafkaProducer(
                            bootstrap_servers=self._kafka, acks="all", request_timeout_ms=_REQUEST_MS
                        )
                        await producer.start()
                    await producer.send_and_wait(
                        topic, value=record.value, key=record.key, headers=list(record.headers)
                    )
                return producer
            except (KafkaError, OSError, TimeoutError):
                await _ended(producer)
                producer = None
                await asyncio.sleep(_AGAIN_SECONDS)


def _replies(delivery: Event[Delivery]) -> Iterator[Event[Reply]]:
    for fact in answers_to(delivery.data.reference):
        data = _reply(fact, delivery.subject, delivery.id, delivery.time)
        source = f"/tribunals/{delivery.data.decision.tribunal}"
        yield Event(uuid5(delivery.id, fact), source, data.event_type, delivery.subject, delivery.time, data)


def _reply(fact: str, procedure: UUID, delivery: UUID, at: datetime) -> Reply:
    if fact == AcknowledgedReply.fact:
        return AcknowledgedReply(procedure=procedure, delivery=delivery, at=at)
    return RegisteredReply(procedure=procedure, delivery=delivery, at=at, parquet_number="26301007919")


async def _ended(client: Any) -> None:  # noqa: ANN401 - a consumer or a producer, which share no type
    # With the broker frozen neither ever stops.
    if client is not None:
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            await asyncio.wait_for(client.stop(), _STEP_SECONDS)
