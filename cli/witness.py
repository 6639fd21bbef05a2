"""Sees from outside what becomes of procedures: the topics as anyone reads them, and the status API.

Times are the client's own, in milliseconds from the start of the POST.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from infoparquet_contracts.codes import Status
from infoparquet_contracts.court import Delivery
from infoparquet_contracts.envelope import Event, decode
from infoparquet_contracts.facts import Numbered, Routed, Submitted, Unroutable
from infoparquet_contracts.overlap import superseded
from infoparquet_contracts.topics import JOURNAL, tribunal_topic

from chassis.kafka import partitions_of

# One question at a time and not too many, so that asking is not what is measured.
BETWEEN_LOOKS_SECONDS = 0.02


@dataclass
class Passage:
    """What is known of one procedure that was sent."""

    reference: str
    started: float
    expected_status: str
    expected_tribunal: str | None
    id: str | None = None
    number: str | None = None
    tribunal: str | None = None
    rule: str | None = None
    status: str | None = None
    trace: str | None = None
    refused: str | None = None
    ms: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(("numbered", "delivered", "visible")))
    # What was read about it, for whoever answers.
    events: asyncio.Queue[Event[Any]] = field(default_factory=asyncio.Queue)

    @property
    def as_expected(self) -> bool:
        """Whether it came to the end it should."""
        return (self.status, self.tribunal) == (self.expected_status, self.expected_tribunal)

    def describe(self) -> dict[str, Any]:
        """As `demo --json` shows it."""
        shown = ("reference", "id", "number", "tribunal", "rule", "status", "expected_status", "trace", "ms")
        return {name: getattr(self, name) for name in shown}


class Witness:
    """Reads the topics in the background while its block is open."""

    def __init__(self, kafka: str, tribunals: Iterable[str], changed: Callable[[], None]) -> None:
        self._topics = [JOURNAL, *(tribunal_topic(code) for code in sorted(set(tribunals)))]
        self._kafka = kafka
        self._changed = changed
        self._passages: dict[str, Passage] = {}
        # What was read before the answer to the POST said whose it is.
        self._early: dict[str, list[tuple[ConsumerRecord, float]]] = {}
        self._settled: dict[str, asyncio.Event] = {}
        self._asking = asyncio.Semaphore(1)

    @contextlib.asynccontextmanager
    async def watching(self) -> Any:  # noqa: ANN401 - an async iterator of nothing
        """Follow the topics until the block is left."""
        reader = AIOKafkaConsumer(
            bootstrap_servers=self._kafka,
            isolation_level="read_committed",
            enable_auto_commit=False,
            fetch_max_wait_ms=100,
        )
        async with reader:
            reader.assign([one for topic in self._topics for one in partitions_of(topic)])
            await reader.seek_to_beginning()
            following = asyncio.create_task(self._follow(reader))
            try:
                yield
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    def expect(self, procedure: str, passage: Passage) -> None:
        """This procedure is that passage; what was seen of it already counts."""
        self._passages[procedure] = passage
        self._settled.setdefault(procedure, asyncio.Event())
        for record, at in self._early.pop(procedure, []):
            self._note(passage, record, at)

    async def visible(self, client: httpx.AsyncClient, url: str, headers: Mapping[str, str], passage: Passage) -> None:
        """Wait until the status API shows the delivery, or that there is none, having first seen it on its topic."""
        assert passage.id is not None  # noqa: S101 - expected before
        await self._settled[passage.id].wait()
        while passage.ms["visible"] is None and passage.status != Status.UNROUTABLE:
            shown, at = await self._look(client, url, headers, passage)
            if Status.DELIVERED in shown.get("times", {}):
                passage.ms["visible"] = _since(passage.started, at)
                self._changed()

    async def ended(self, client: httpx.AsyncClient, url: str, headers: Mapping[str, str], passage: Passage) -> None:
        """Wait until the status API shows the end that is expected."""
        while not passage.as_expected:
            await self._look(client, url, headers, passage)

    async def _look(
        self, client: httpx.AsyncClient, url: str, headers: Mapping[str, str], passage: Passage
    ) -> tuple[dict[str, Any], float]:
        async with self._asking:
            answer = await client.get(f"{url}/v1/procedures/{passage.id}", headers=headers)
            at = time.perf_counter()
            await asyncio.sleep(BETWEEN_LOOKS_SECONDS)
        shown: dict[str, Any] = answer.json() if answer.status_code == httpx.codes.OK else {}
        status = shown.get("status", passage.status)
        if status != passage.status:
            passage.status = status
            self._changed()
        return shown, at

    async def _follow(self, reader: AIOKafkaConsumer) -> None:
        while True:
            for records in (await reader.getmany(timeout_ms=1000)).values():
                at = time.perf_counter()
                for record in records:
                    self._seen(record, at)

    def _seen(self, record: ConsumerRecord, at: float) -> None:
        procedure = record.key.decode()
        passage = self._passages.get(procedure)
        if passage is None:
            self._early.setdefault(procedure, []).append((record, at))
        else:
            self._note(passage, record, at)

    def _note(self, passage: Passage, record: ConsumerRecord, at: float) -> None:
        if superseded(record.headers):
            return
        event = decode(record.key, record.value, record.headers)
        match event.data:
            case Submitted():
                passage.trace = event.traceparent.split("-")[1] if event.traceparent else None
            case Numbered(number=number):
                passage.number = number
                passage.ms["numbered"] = _since(passage.started, at)
            case Routed(tribunal=tribunal, rule=rule):
                passage.tribunal, passage.rule = tribunal, rule
            case Delivery():
                # The first court's; a second one is handed it when the first has declined.
                passage.ms["delivered"] = passage.ms["delivered"] or _since(passage.started, at)
                self._settled[str(event.subject)].set()
            case Unroutable():
                self._settled[str(event.subject)].set()
        passage.events.put_nowait(event)
        self._changed()


def _since(started: float, at: float) -> float:
    return round((at - started) * 1000, 1)
