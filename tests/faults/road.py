"""Services as real processes between a journal and the courts' topics, audited from outside."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer
from infoparquet_contracts.envelope import Event, encode
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import text

from chassis.database import open_engine
from chassis.service import Service, migrate_service
from chassis.settings import Settings
from deploy.local.kafka import ApacheKafka
from deploy.local.kafka_cluster import KafkaCluster
from deploy.local.postgres import Postgres
from services.intake.service import build as build_intake
from services.intake.settings import IntakeSettings
from services.notify.service import build as build_notify
from services.notify.settings import NotifySettings
from services.numbering.service import build as build_numbering
from services.numbering.settings import NumberingSettings
from services.query.service import build as build_query
from services.query.settings import QuerySettings
from services.routing.service import build as build_routing
from services.routing.settings import RoutingSettings
from tests import audit
from tests.builders import a_submission, an_event
from tests.processes import ServiceProcess, environment

COMMUNES = ("33063", "75056", "97411")
BUILT: Mapping[str, tuple[type[Settings], Callable[[Any], Service]]] = {
    "intake": (IntakeSettings, build_intake),
    "numbering": (NumberingSettings, build_numbering),
    "routing": (RoutingSettings, build_routing),
    "notify": (NotifySettings, build_notify),
    "query": (QuerySettings, build_query),
}


@dataclass
class Road:
    """The system under test; `submitted` is every procedure that was put on the journal."""

    kafka: ApacheKafka | KafkaCluster
    services: dict[str, ServiceProcess]
    folder: Path
    submitted: list[UUID] = field(default_factory=list)

    async def submit(self, count: int) -> list[UUID]:
        """Put procedures on the journal as intake would; returns their ids."""
        events = [an_event(a_submission(commune=COMMUNES[place % len(COMMUNES)])) for place in range(count)]
        await self.publish(events)
        ids = [event.subject for event in events]
        self.submitted += ids
        return ids

    async def publish(self, events: Sequence[Event[Any]], topic: str = JOURNAL.name) -> None:
        """Put events on the journal, or on another topic."""
        async with AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap, enable_idempotence=True) as producer:
            for event in events:
                record = encode(event)
                await producer.send(topic, value=record.value, key=record.key, headers=list(record.headers))
            await producer.flush()

    async def replica(self, name: str) -> ServiceProcess:
        """Another process of a service, on the same database; not started."""
        first = self.services[name]
        told = environment(self.kafka.bootstrap, first.environment["INFOPARQUET_DATABASE_URL"])
        return ServiceProcess(name, told, first.log.with_name(f"{name}-2.log"))

    async def arrived(self, procedures: Sequence[UUID], seconds: float = 120) -> None:
        """Wait until each of the procedures was delivered."""
        await audit.arrived(self.kafka.bootstrap, procedures, seconds)

    async def rows(self, service: str, query: str) -> list[tuple[Any, ...]]:
        """What a service's database holds."""
        engine = open_engine(self.services[service].environment["INFOPARQUET_DATABASE_URL"], name="tests")
        async with engine.connect() as connection:
            rows = [tuple(row) for row in await connection.execute(text(query))]
        await engine.dispose()
        return rows

    async def change(self, service: str, statement: str) -> None:
        """Change a service's database."""
        engine = open_engine(self.services[service].environment["INFOPARQUET_DATABASE_URL"], name="tests")
        async with engine.begin() as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    async def audit(self) -> None:
        """All that was submitted, once, in order, at its court."""
        await audit.audit(self.kafka.bootstrap, self.submitted)


@asynccontextmanager
async def open_road(
    kafka: ApacheKafka | KafkaCluster,
    postgres: Postgres,
    folder: Path,
    names: Sequence[str] = ("numbering", "routing"),
    **more: str,
) -> AsyncIterator[Road]:
    """Migrated databases and topics; the services are not started, and are killed at the end.

    `more` is told to each; where intake is the first, the others are told where it is.
    """
    services = {}
    for name in names:
        model, build = BUILT[name]
        url = await postgres.create_database(f"infoparquet_{name}")
        told = environment(kafka.bootstrap, url, **more)
        if name == "intake":
            more["INFOPARQUET_INTAKE_URL"] = f"http://{told['INFOPARQUET_LISTEN']}"
        values: dict[str, Any] = {key.removeprefix("INFOPARQUET_").lower(): value for key, value in told.items()}
        settings = model(**values)
        await migrate_service(build(settings), settings)
        services[name] = ServiceProcess(name, told, folder / f"{name}.log")
    try:
        yield Road(kafka, services, folder)
    finally:
        await asyncio.gather(*(service.kill() for service in services.values()))
