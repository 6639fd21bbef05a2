"""Publishes the outbox once, in order, whatever dies: one relay a service is active, others stand by.

The order of steps is the protocol of docs/journal.md; each was shown by a model to lose or repeat rows when changed.
Any doubt ends the reign: the producer is dropped and everything starts again with the lock.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from infoparquet_contracts.identifiers import ServiceName
from opentelemetry.trace import SpanKind
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis import batches
from chassis.crash import CrashPoints
from chassis.dead_letters import refused_row
from chassis.doorbell import Doorbell
from chassis.errors import CONNECTION_ERRORS, is_unavailable
from chassis.handover import Doubt, Handover, Receipt, Row, RowRefused, TopicFails
from chassis.kafka import KafkaSettings
from chassis.metrics import Metrics
from chassis.pace import Pace
from chassis.recall import Recall
from chassis.relayed import STEP, Restored, refuse_restored
from chassis.telemetry import Telemetry

log = structlog.get_logger()

# Any constant will do, the same in every process of every service: each service has its own database.
LOCK = 0x1F0_9A1
LOOK_AGAIN = 1.0
BATCH_SECONDS = 0.02
# While others are behind: how soon they are looked at again, and how soon what is urgent is.
HELD_AGAIN, HELD_SECONDS = 0.2, 0.05


@dataclass(frozen=True, slots=True)
class RelayParts:
    """What a relay is made of."""

    service: ServiceName
    lock_engine: AsyncEngine
    kafka: KafkaSettings
    bell: Doorbell
    receipt: Receipt | None
    crash: CrashPoints
    telemetry: Telemetry
    metrics: Metrics
    clock: Callable[[], datetime]
    recall: Recall
    # Readers of the journal for whom a backlog waits here.
    holds_back_for: Sequence[ServiceName] = ()


@dataclass(frozen=True, slots=True)
class Signals:
    """What a reign listens to: that rows were appended, and whether those on the road are behind."""

    rung: asyncio.Event
    pace: Pace


class Relay:
    """One process's candidate for its service's relay."""

    def __init__(self, parts: RelayParts) -> None:
        self._parts = parts
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.active = False

    async def run(self) -> None:
        """Reign, stand by, reign again, until stopped or cancelled."""
        while not self._stopping:
            try:
                self._idle.clear()
                await self._reign()
            except (Doubt, RowRefused) as doubt:
                log.warning("relay.restarts", reason=str(doubt))
            except Exception as error:  # the relay outlives every fault of what it depends on
                if not is_unavailable(error) and not isinstance(error, SQLAlchemyError):
                    log.exception("relay.failed")
                else:
                    log.warning("relay.waits", error=type(error).__name__)
            finally:
                self.active = False
                self._parts.metrics.relay_active.set(0)
                self._idle.set()
            if not self._stopping:
                await asyncio.sleep(LOOK_AGAIN)

    async def stop(self) -> None:
        """Finish the batch in hand and claim no other."""
        self._stopping = True
        self._parts.bell.ring()
        await self._idle.wait()

    async def _reign(self) -> None:
        parts = self._parts
        async with self._locked() as connection:
            if connection is None:
                return
            parts.crash.reach("relay.locked")
            async with (
                Pace.kept(parts.holds_back_for, parts.kafka) as pace,
                Handover.fenced(parts.service, parts.kafka, parts.receipt, parts.crash, pace.published) as handover,
            ):
                parts.crash.reach("relay.fenced")
                counter = await self._recover(connection, handover)
                self.active = True
                parts.metrics.relay_active.set(1)
                log.info("relay.active", batch=counter)
                with parts.bell.listening() as rung:
                    await self._relay(connection, handover, counter, Signals(rung, pace))

    @contextlib.asynccontextmanager
    async def _locked(self) -> AsyncIterator[AsyncConnection | None]:
        """The lock's own connection, which is also the only one that claims and deletes; None if another holds it."""
        async with asyncio.timeout(STEP):
            connection = await self._parts.lock_engine.connect()
        try:
            async with asyncio.timeout(STEP):
                held = (await connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK})).scalar()
                await connection.commit()
            yield connection if held else None
        finally:
            with contextlib.suppress(*CONNECTION_ERRORS):
                await asyncio.wait_for(connection.close(), STEP)

    async def _recover(self, connection: AsyncConnection, handover: Handover) -> int:
        committed = await handover.committed_batch()
        self._parts.crash.reach("relay.read")
        await self._take_up(connection, committed)
        async with asyncio.timeout(STEP), connection.begin():
            counter = await batches.settle(connection, committed)
        async with asyncio.timeout(STEP), connection.begin():
            numbers = await batches.outstanding(connection)
            outstanding = [(batch, await batches.rows_of(connection, batch)) for batch in numbers]
        for batch, rows in outstanding:
            await self._publish(connection, handover, batch, rows)
        self._parts.crash.reach("relay.recovered")
        return counter

    async def _take_up(self, connection: AsyncConnection, committed: int) -> None:
        """A restored database first learns what was published without it; its counter is settled after that."""
        try:
            async with asyncio.timeout(STEP), connection.begin():
                await refuse_restored(connection, committed)
        except Restored as restored:
            log.warning("relay.recalls", service=self._parts.service, reason=str(restored))
            records = await self._parts.recall.run(connection)
            log.warning("relay.recalled", service=self._parts.service, records=records)

    async def _relay(self, connection: AsyncConnection, handover: Handover, counter: int, signals: Signals) -> None:
        loop = asyncio.get_running_loop()
        claimed: Sequence[Row] = ()
        while not self._stopping:
            signals.rung.clear()
            began, room = loop.time(), await signals.pace.room(len(claimed))
            self._parts.metrics.relay_holds_back.set(0 if room else 1)
            async with asyncio.timeout(STEP), connection.begin():
                claimed = await batches.claim(connection, counter + 1, self._parts.clock(), ordinary=room)
            if claimed:
                counter += 1
                self._parts.crash.reach("relay.claimed")
                await self._publish(connection, handover, counter, claimed)
            elif not self._stopping:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN if room else HELD_AGAIN):
                        await signals.rung.wait()
            if claimed or not room:
                # The broker takes about as long to end a transaction; what comes in the meantime goes in one.
                await asyncio.sleep(max(0.0, began + (BATCH_SECONDS if room else HELD_SECONDS) - loop.time()))

    async def _publish(self, connection: AsyncConnection, handover: Handover, batch: int, rows: Sequence[Row]) -> None:
        """Publish what a claimed batch still holds, without what the broker cannot take, then delete it."""
        while rows:
            try:
                with self._parts.metrics.publish.time():
                    await handover.publish(batch, rows)
            except TopicFails as failure:
                log.warning("relay.topic-suspended", topic=failure.topic, reason=failure.reason)
                async with asyncio.timeout(STEP), connection.begin():
                    await batches.suspend(connection, batch, failure.topic, failure.reason, self._parts.clock())
                    rows = await batches.rows_of(connection, batch)
            except RowRefused as refusal:
                log.error("relay.row-refused", row=refusal.row.id, topic=refusal.row.topic, reason=refusal.reason)
                told = refused_row(self._parts.service, refusal.row, self._parts.clock())
                async with asyncio.timeout(STEP), connection.begin():
                    await batches.refuse(connection, batch, refusal.row.id, refusal.reason, told)
                raise
            else:
                await self._forget(connection, batch, rows)
                return

    async def _forget(self, connection: AsyncConnection, batch: int, rows: Sequence[Row]) -> None:
        self._parts.metrics.relayed.inc(len(rows))
        self._parts.crash.reach("relay.committed")
        async with asyncio.timeout(STEP), connection.begin():
            await batches.delete(connection, batch)
        self._parts.crash.reach("relay.deleted")
        self._trace(rows)

    def _trace(self, rows: Sequence[Row]) -> None:
        if not self._parts.telemetry.exports:
            return
        for row in rows:
            headers: dict[str, Any] = {name: value.decode() for name, value in row.kafka_headers()}
            span = self._parts.telemetry.span(
                f"publish {row.topic}",
                parent=headers.get("traceparent"),
                kind=SpanKind.PRODUCER,
                start=row.appended_at,
            )
            span.set_attributes({"messaging.system": "kafka", "messaging.destination.name": row.topic})
            span.end()
