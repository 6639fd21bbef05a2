"""Puts a service together and runs it: API, consumer, relay and workers in one process, until SIGTERM."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
from fastapi import APIRouter
from infoparquet_contracts.identifiers import ServiceName
from infoparquet_contracts.topics import DEAD_LETTERS, JOURNAL, Topic, common_topics
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import letters_api, reconciliation_api
from chassis.application import Application
from chassis.clock import Clock, utc_now
from chassis.comparison import Holdings
from chassis.connections import bounded_server
from chassis.consumer import Consumer, ConsumerParts
from chassis.crash import CrashPoints, crash_points
from chassis.database import expected_schema, open_engine, open_lock_engine
from chassis.described import Description
from chassis.doorbell import Doorbell
from chassis.errors import Unavailable
from chassis.handover import Receipt
from chassis.identity import Identity
from chassis.kafka import KafkaProbe
from chassis.learning import keep_learning
from chassis.logging import configure_logging
from chassis.metrics import Metrics
from chassis.readiness import Readiness, database_check
from chassis.recall import Recall
from chassis.recollecting import Nothing, Recollection
from chassis.reconciliation import Reconciler, ReconcilerParts
from chassis.relay import Relay, RelayParts
from chassis.room import Room, keep_counting
from chassis.settings import Settings
from chassis.sources import Handlers, Source
from chassis.sweep import Sweep
from chassis.telemetry import Telemetry
from chassis.transaction import Transactions
from chassis.web import build_app
from chassis.wholeness import Wholeness

if TYPE_CHECKING:
    from chassis.topics import Created

log = structlog.get_logger()
GRACE_SECONDS = 8.0


@dataclass(frozen=True)
class Parts:
    """What a service is built from. `facts_applied` rings after each batch; `whole` is awaited before mails go."""

    settings: Settings
    engine: AsyncEngine
    transactions: Transactions
    facts_applied: Doorbell
    clock: Clock
    crash: CrashPoints
    whole: Callable[[], Awaitable[None]]


# Runs until it is cancelled, and then ends what it has in hand before it lets go.
Worker = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Service:
    """What a service adds to the chassis."""

    name: ServiceName
    title: str
    migrations: Path
    routers: Callable[[Parts], Sequence[APIRouter]]
    handlers: Handlers
    # What its document says of its routes: loaded when that is first asked for.
    description: Callable[[], Description]
    # How it tells which facts of the journal it lacks.
    holdings: Holdings
    # Topics that others write, beside the journal.
    sources: Sequence[Source] = ()
    own_topics: Sequence[Topic] = ()
    receipt: Receipt | None = None
    # Readers of the journal for whom its backlog waits in the outbox, where what is urgent overtakes it.
    holds_back_for: Sequence[ServiceName] = ()
    # What it takes up of its topics where its database was restored from a backup.
    recollection: Callable[[], Recollection] = Nothing
    workers: Callable[[Parts], Sequence[Worker]] = lambda _: ()
    # Paths that read large bodies themselves, piece by piece; one that ends in `/` stands for all below it.
    unlimited_paths: Sequence[str] = ()
    # What problems have to say at and below some paths, as any answer there.
    problem_headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


async def migrate_service(service: Service, settings: Settings) -> "Created":
    """Newest schema, missing topics. Raises Unavailable or TooFewNodes."""
    # Not at the top: `serve` needs neither, and every service starts slower by them.
    from chassis import topics
    from chassis.migration import migrate

    await migrate(settings.database_url, service.migrations)
    return await topics.create_missing(settings.kafka, [*common_topics(), *service.own_topics])


class Running:
    """A service's parts, put together; `serve` runs them."""

    def __init__(self, service: Service, settings: Settings, *, clock: Clock = utc_now) -> None:
        self.service = service
        self.settings = settings
        crash = crash_points(os.environ)
        self.telemetry = Telemetry(service.name, os.environ)
        self.metrics = Metrics()
        self.engine = open_engine(settings.database_url, name=f"infoparquet {service.name}")
        self.lock_engine = open_lock_engine(settings.database_url, name=f"infoparquet {service.name} relay")
        self.relay_bell = Doorbell(self.engine, "outbox")
        self.facts_applied = Doorbell(self.engine, "facts_applied")
        self.probe = KafkaProbe(settings.kafka, service.name)
        self.identity = Identity(settings.oidc_issuer, settings.oidc_audience)
        self.room = Room(settings.outbox_limit, self.metrics)
        self.transactions = Transactions(
            self.engine, service=service.name, relay_bell=self.relay_bell, room=self.room, clock=clock
        )
        self.wholeness = whole = Wholeness(service.name, settings.kafka, self.transactions)
        self.parts = Parts(settings, self.engine, self.transactions, self.facts_applied, clock, crash, whole.certain)
        self.workers = service.workers(self.parts)
        self.consumer = self._consumer(crash)
        self.relay = self._relay(crash, clock)
        self.reconciler = self._reconciler()
        self.readiness = self._readiness()
        letters = letters_api.routes(self.consumer.parts.application, self.transactions, self.facts_applied.ring)
        self.app = build_app(
            title=service.title,
            routers=[letters, reconciliation_api.routes(self.consumer, service.holdings), *service.routers(self.parts)],
            identity=self.identity,
            readiness=self.readiness,
            telemetry=self.telemetry,
            registry=self.metrics.registry,
            positions=self.consumer.report,
            answering=self.wholeness.answering,
            description=service.description,
            unlimited=service.unlimited_paths,
            problem_headers=service.problem_headers,
        )

    def _consumer(self, crash: CrashPoints) -> Consumer:
        service = self.service
        sources = {source.topic: source for source in (Source(JOURNAL.name, service.handlers), *service.sources)}
        application = Application(service.name, sources, self.telemetry, self.metrics)
        return Consumer(
            ConsumerParts(
                application,
                self.transactions,
                self.settings.kafka,
                self.probe,
                list(sources),
                f"{socket.gethostname()}:{self.settings.address[1]}",
                crash,
                self.facts_applied.ring,
            )
        )

    def _relay(self, crash: CrashPoints, clock: Clock) -> Relay:
        return Relay(
            RelayParts(
                self.service.name,
                self.lock_engine,
                self.settings.kafka,
                self.relay_bell,
                self.service.receipt,
                crash,
                self.telemetry,
                self.metrics,
                clock,
                Recall(
                    self.settings.kafka,
                    [JOURNAL, DEAD_LETTERS, *self.service.own_topics],
                    self.service.recollection,
                    self.transactions.within,
                ),
                self.service.holds_back_for,
            )
        )

    def _reconciler(self) -> Reconciler:
        journal = self.consumer.parts.application.sources[JOURNAL.name]
        return Reconciler(
            ReconcilerParts(
                self.service.name,
                self.transactions,
                self.settings.kafka,
                self.probe,
                self.metrics,
                Sweep(self.transactions, journal, self.service.holdings, self.metrics),
                lambda: self.relay.active,
                self.settings.reconcile_after,
            )
        )

    def _readiness(self) -> Readiness:
        async def kafka() -> str | None:
            await self.probe.cluster_id()
            return None

        async def issuer() -> str | None:
            await self.identity.ready()
            return None

        async def consumer() -> str | None:
            return self.wholeness.fault() or self.consumer.fault()

        schema = expected_schema(self.service.migrations)
        return Readiness(
            {"database": database_check(self.engine, schema), "kafka": kafka, "issuer": issuer, "consumer": consumer}
        )

    async def serve(self) -> None:
        """Run until SIGTERM or SIGINT; what is in hand is finished or rolled back. Raises what a part failed with."""
        configure_logging(self.service.name)
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        server = bounded_server(self.app, self.settings.address, self.settings.connections)
        tasks = [asyncio.create_task(work) for work in self._work()]
        workers = [asyncio.create_task(worker()) for worker in self.workers]
        serving = asyncio.create_task(server.serve())
        log.info("service.started", service=self.service.name, listen=self.settings.listen)
        signalled = asyncio.create_task(stopping.wait())
        ended, _ = await asyncio.wait([serving, signalled, *tasks, *workers], return_when=asyncio.FIRST_COMPLETED)
        log.info("service.stopping", service=self.service.name)
        await self._stop(server, serving, workers, tasks)
        for part in ended:
            # A part never ends by itself: whoever started the service starts it again.
            part.result()

    def _work(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self.wholeness.run(),
            self.relay_bell.run(),
            self.facts_applied.run(),
            self.relay.run(),
            self.reconciler.run(),
            keep_counting(self.room, self.engine),
            self._consume(),
            keep_learning(self.consumer.parts.application, self.transactions, self.facts_applied.ring),
        ]

    async def _consume(self) -> None:
        while True:
            try:
                await self.consumer.start()
            except (Unavailable, OSError) as error:
                log.warning("consumer.waits", service=self.service.name, error=str(error))
                await asyncio.sleep(1)
            else:
                await asyncio.Event().wait()

    async def _stop(
        self,
        server: uvicorn.Server,
        serving: asyncio.Task[None],
        workers: Sequence[asyncio.Task[None]],
        tasks: Sequence[asyncio.Task[None]],
    ) -> None:
        server.should_exit = True
        for worker in workers:
            worker.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await serving
                await self.consumer.stop()
                # Before the relay: what they record now may still go out.
                await asyncio.gather(*workers, return_exceptions=True)
                await self.relay.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *workers, return_exceptions=True)
        await self.probe.close()
        await self.engine.dispose()
        await self.lock_engine.dispose()
        self.telemetry.close()
