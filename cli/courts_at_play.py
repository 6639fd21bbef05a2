"""The courts and agents of the demonstration: they answer what they are handed, as the samples say.

Courts write on their replies topics as any court's system does; the agent asked for more answers through intake.
"""

from collections.abc import Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import httpx
from aiokafka import AIOKafkaProducer
from infoparquet_contracts.court import Delivery, Supplement
from infoparquet_contracts.envelope import Event, encode
from infoparquet_contracts.facts import SupplementRequested
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.registry import REPLIES
from infoparquet_contracts.topics import replies_topic

from chassis.clock import new_id
from cli.witness import Passage
from deploy.local.samples import Sample

MODELS = {model.fact: model for model in REPLIES}
P = TypeVar("P", bound=Payload)


@dataclass(frozen=True)
class CourtsAtPlay:
    """Everybody who answers."""

    producer: AIOKafkaProducer
    client: httpx.AsyncClient
    intake: str

    @classmethod
    @asynccontextmanager
    async def opened(cls, kafka: str, client: httpx.AsyncClient, intake: str) -> Any:  # noqa: ANN401
        """Ready to answer while the block lasts."""
        async with AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True) as producer:
            yield cls(producer, client, intake)

    async def answer(self, sample: Sample, passage: Passage, headers: Mapping[str, str]) -> None:
        """Play a sample's part to its end."""
        if not sample.court:
            return
        delivery = await _next(passage, Delivery)
        steps: Iterator[dict[str, Any]] = iter(sample.court)
        for step in steps:
            if step["fact"] == "supplemented":
                await self._supplement(delivery.subject, step["text"], passage, headers)
                continue
            await self._reply(delivery, step)
            if step["fact"] == "declined":
                delivery = await _next(passage, Delivery)

    async def _reply(self, delivery: Event[Delivery], step: Mapping[str, Any]) -> None:
        said = {name: value for name, value in step.items() if name not in ("fact", "by")}
        court = delivery.data.decision.tribunal
        data = MODELS[step["fact"]](procedure=delivery.subject, delivery=delivery.id, at=datetime.now(UTC), **said)
        event = Event(
            new_id(), f"/tribunals/{court}", data.event_type, delivery.subject, data.at, data, delivery.traceparent
        )
        record = encode(event)
        await self.producer.send_and_wait(
            replies_topic(court).name, value=record.value, key=record.key, headers=list(record.headers)
        )

    async def _supplement(self, procedure: UUID, text: str, passage: Passage, headers: Mapping[str, str]) -> None:
        await _next(passage, SupplementRequested)
        answer = await self.client.post(
            f"{self.intake}/v1/procedures/{procedure}/supplements",
            json={"text": text},
            headers={**headers, "Idempotency-Key": f"supplement-{procedure}"},
        )
        answer.raise_for_status()
        await _next(passage, Supplement)


async def _next(passage: Passage, kind: type[P]) -> Event[P]:
    while True:
        event = await passage.events.get()
        if isinstance(event.data, kind):
            return event
