"""Applies a batch of records within one transaction: decoding, parking, waves, and finding the one fact at fault."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import structlog
from aiokafka import ConsumerRecord
from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.envelope import Event, Undecodable, UnknownType, decode, id_of, type_of, type_pointer
from infoparquet_contracts.identifiers import ServiceName
from infoparquet_contracts.overlap import superseded
from infoparquet_contracts.registry import MODELS
from infoparquet_contracts.versions import is_fact
from opentelemetry.trace import SpanKind

from chassis import dead_letters, unknown_facts
from chassis.dead_letters import place_of, procedure_of
from chassis.errors import Unprocessable, is_unavailable, sqlstate
from chassis.header_names import is_text
from chassis.metrics import Metrics
from chassis.sources import Handler, Source
from chassis.telemetry import Telemetry, traceparent_of
from chassis.transaction import Transaction
from chassis.waves import cut

log = structlog.get_logger()


class Faulty(Exception):  # noqa: N818 - it asks for something, and reports nothing
    """A fact could not be applied: apply the batch again, carefully."""


@dataclass(frozen=True)
class Application:
    """A service's reactions, applied to a batch; `sources` are the topics it reads, by name."""

    service: ServiceName
    sources: Mapping[str, Source]
    telemetry: Telemetry
    metrics: Metrics

    def concerns(self, record: ConsumerRecord) -> bool:
        """Whether this service does anything about a record: it reacts to its type, or nobody else would."""
        kind, source = type_of(record.headers, record.value), self.sources[record.topic]
        if source.parks and superseded(record.headers):
            return False
        return not source.parks or kind not in MODELS or source.handler(kind) is not None

    async def apply(self, transaction: Transaction, records: Iterable[ConsumerRecord], *, careful: bool) -> None:
        """Handle what this service reacts to, in order; bury what cannot be applied, park what waits.

        Without `careful` the first fault is raised as Faulty and the transaction is lost; with it, each wave stands in
        a savepoint, and the one fact at fault is found.
        """
        pending: dict[str, list[dict[UUID, tuple[Event[Any], ConsumerRecord]]]] = {}
        older: dict[str | None, list[ConsumerRecord]] = {}
        for record in records:
            if superseded(record.headers):
                older.setdefault(id_of(record.headers, record.value), []).append(record)
            event = await self._decoded(transaction, record)
            if event is not None:
                rounds = pending.setdefault(record.topic, [{}])
                # A fact that stands twice in one batch is handled once: its effects have a unique key anyway. Others
                # may give one id to two contents: the second is handled after the first, and refused there.
                first, _ = rounds[-1].setdefault(event.id, (event, record))
                if not self.sources[record.topic].parks and first.data != event.data:
                    rounds.append({event.id: (event, record)})
        # The journal first, by its name too: what others write is about what stands there.
        for topic in sorted(pending, key=lambda name: (not self.sources[name].parks, name)):
            for one_each in pending[topic]:
                events = [event for event, _ in one_each.values()]
                raw = {one: record for one, (_, record) in one_each.items()}
                await _Batch(self, self.sources[topic], transaction, raw, careful, older).run(events)

    async def _decoded(self, transaction: Transaction, record: ConsumerRecord) -> Event[Any] | None:
        if not self.concerns(record):
            return None
        try:
            event = _read(record)
            self._handler(record, event)
        except UnknownType:
            await self._set_aside(transaction, record)
            return None
        except (Undecodable, Unprocessable) as error:
            await self.bury(transaction, record, _fault(error), None)
            return None
        return event

    def _handler(self, record: ConsumerRecord, event: Event[Any]) -> Handler:
        handler = self.sources[record.topic].handler(event.type)
        if handler is None:
            raise Unprocessable(DeadLetterCode.UNKNOWN_TYPE, type_pointer(record.headers))
        return handler

    async def _set_aside(self, transaction: Transaction, record: ConsumerRecord) -> None:
        """Keep a fact of a newer release for it; what no release would name a fact is a dead letter."""
        kind = type_of(record.headers, record.value) or ""
        if self.sources[record.topic].parks and is_fact(kind) and procedure_of(record.key):
            if await unknown_facts.keep(transaction, record, kind):
                self.metrics.unknown_facts.labels(kind).inc()
                log.warning("consumer.unknown-fact", service=self.service, type=kind)
            return
        fault = Unprocessable(DeadLetterCode.UNKNOWN_TYPE, type_pointer(record.headers))
        await self.bury(transaction, record, fault, None)

    async def bury(
        self, transaction: Transaction, record: ConsumerRecord, fault: Unprocessable, procedure: UUID | None
    ) -> bool:
        """Keep what cannot be taken and tell whoever should know; `procedure` waits for it. False if kept before."""
        source = self.sources[record.topic]
        self.metrics.dead_letters.labels(fault.code).inc()
        parks = procedure if source.parks else None
        kept = await dead_letters.bury(transaction, self.service, record, fault, parks=parks)
        if kept and source.refuse is not None:
            transaction.say(source.refuse(transaction, record, fault))
        return kept

    async def apply_alone(self, transaction: Transaction, record: ConsumerRecord) -> Unprocessable | None:
        """Apply one record whatever its procedure waits for; else say what is at fault, and nothing of it stays."""
        if not self.concerns(record):
            return None
        try:
            event = _read(record)
            batch = _Batch(self, self.sources[record.topic], transaction, {event.id: record}, careful=True)
            await batch.call(self._handler(record, event), [event])
        except Exception as error:
            if is_unavailable(error):
                raise
            fault = _fault(error)
            log.warning("consumer.still-unapplied", code=fault.code, exc_info=error)
            return fault
        return None


@dataclass
class _Batch:
    """The state of one batch being applied."""

    application: Application
    source: Source
    transaction: Transaction
    raw: Mapping[UUID, ConsumerRecord]
    careful: bool
    # The records that say the same in older versions, by the events' ids.
    older: Mapping[str | None, Sequence[ConsumerRecord]] = field(default_factory=dict)

    async def run(self, events: Sequence[Event[Any]]) -> None:
        subjects = {event.subject for event in events}
        places = [place_of(record) for record in self.raw.values()]
        standing = await dead_letters.standing(self.transaction.connection, subjects, places)
        self.frozen, self._is_discarded = standing.frozen, standing.is_discarded
        for wave in cut(events, self._handler):
            for handler, group in wave.items():
                await self._handle(handler, group)

    def _handler(self, event: Event[Any]) -> Handler:
        handler = self.source.handler(event.type)
        assert handler is not None  # noqa: S101 - what has none is not decoded
        return handler

    async def _handle(self, handler: Handler, group: Sequence[Event[Any]]) -> None:
        ready = await self._without_waiting(group)
        if not ready:
            return
        try:
            await self.call(handler, ready)
        except Exception as error:
            if is_unavailable(error):
                raise
            if not self.careful:
                raise Faulty from error
            await self._isolate(handler, ready, error)

    async def call(self, handler: Handler, events: Sequence[Event[Any]]) -> None:
        """Have one handler take these; what it raises passes, and with `careful` nothing of the call stays."""
        spans = self._spans(handler, events)
        try:
            async with self._savepoint():
                said = await handler(self.transaction, spans.events)
        finally:
            spans.end()
        self.transaction.say(said)
        for event in events:
            self.application.metrics.handled.labels(event.data.fact).inc()

    async def _without_waiting(self, group: Sequence[Event[Any]]) -> list[Event[Any]]:
        """Park what comes after its procedure's dead letter. The letter itself may come again: it is kept already.

        So may one that was discarded, when the journal is read anew or it is said again: it stays out. What waits does
        so in every version: it may be the release before that takes it up again.
        """
        ready, behind = [], []
        for event in group:
            place, letter = place_of(self.raw[event.id]), self.frozen.get(event.subject)
            if self._is_discarded(self.raw[event.id]):
                continue
            if letter and place.is_behind(letter):
                forms = (self.raw[event.id], *self.older.get(str(event.id), ()))
                behind += [(event.subject, form) for form in forms]
            elif place != letter:
                ready.append(event)
        await dead_letters.park(self.transaction, behind)
        return ready

    def _savepoint(self) -> contextlib.AbstractAsyncContextManager[Any]:
        # Two statements saved in each wave of each batch that has no fault in it, which is nearly all of them.
        return self.transaction.connection.begin_nested() if self.careful else contextlib.nullcontext()

    async def _isolate(self, handler: Handler, group: Sequence[Event[Any]], error: Exception) -> None:
        """Halve until the one fact at fault stands alone; it becomes a dead letter, and its procedure waits."""
        if len(group) > 1:
            middle = len(group) // 2
            await self._handle(handler, group[:middle])
            await self._handle(handler, group[middle:])
            return
        (event,) = group
        fault = _fault(error)
        log.error("consumer.dead-letter", event_id=str(event.id), code=fault.code, exc_info=error)
        record = self.raw[event.id]
        kept = await self.application.bury(self.transaction, record, fault, event.subject)
        if kept and self.source.parks:
            self.frozen[event.subject] = place_of(record)

    def _spans(self, handler: Handler, events: Sequence[Event[Any]]) -> "_Spans":
        telemetry = self.application.telemetry
        if not telemetry.exports:
            return _Spans(list(events), [])
        name = f"{self.application.service} {getattr(handler, '__name__', 'handler')}"
        spans = [telemetry.span(name, parent=event.traceparent, kind=SpanKind.CONSUMER) for event in events]
        for event, span in zip(events, spans, strict=True):
            span.set_attribute("infoparquet.procedure", str(event.subject))
        traced = [replace(event, traceparent=traceparent_of(span)) for event, span in zip(events, spans, strict=True)]
        return _Spans(traced, spans)


@dataclass(frozen=True)
class _Spans:
    """The events of one call, each in its own span."""

    events: list[Event[Any]]
    spans: list[Any]

    def end(self) -> None:
        for span in self.spans:
            span.end()


def _read(record: ConsumerRecord) -> Event[Any]:
    if not all(is_text(name) for name, _ in record.headers):
        raise Unprocessable(DeadLetterCode.HEADER_NOT_UTF8, "/headers")
    return decode(record.key, record.value, record.headers)


def _fault(error: Exception) -> Unprocessable:
    if isinstance(error, Unprocessable):
        return error
    if isinstance(error, Undecodable):
        return Unprocessable(error.code, error.pointer)
    return Unprocessable(DeadLetterCode.DATABASE_REFUSED if sqlstate(error) else DeadLetterCode.UNPROCESSABLE)
