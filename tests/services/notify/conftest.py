"""Notify on a real PostgreSQL, with a real intake that knows the authors, and a real SMTP server."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
import uvicorn
from infoparquet_contracts.codes import UrgencyReason
from infoparquet_contracts.envelope import Event, Record
from infoparquet_contracts.parts import Urgency

import services.intake
import services.notify
from chassis.clock import new_id
from chassis.migration import migrate
from chassis.outbox import Outgoing
from chassis.service import Running, Service
from chassis.tls import trusted
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from reference import default_url
from services.intake.service import build as build_intake
from services.intake.settings import IntakeSettings
from services.notify.service import build
from services.notify.settings import NotifySettings
from tests.builders import NOON, a_submission, an_event
from tests.processes import until
from tests.services.in_process import InProcess, events_of, in_process, told
from tests.services.intake.builders import a_procedure
from tests.services.issuer import Issuer, keys_known
from tests.services.notify.smtp import Server, smtp_server

DREAL = "administration:dreal-33"
ALIX = {"name": "Alix Modèle", "email": "alix@dreal.example"}
# A server that answers is waited for however slow the machine is; one that hangs, as long as a test can bear.
PATIENT, HURRIED = timedelta(seconds=60), timedelta(seconds=2)
TABLES = "deliveries, procedures, followed_facts"
Told = Callable[..., NotifySettings]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def notify_database(postgres_server: Postgres) -> str:
    """Migrated once; each test empties it."""
    url = await postgres_server.create_database("infoparquet_notify_tests")
    await migrate(url, Path(services.notify.__file__).with_name("migrations"))
    return url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def intake_settings(postgres_server: Postgres, issuer: Issuer) -> IntakeSettings:
    url = await postgres_server.create_database("infoparquet_notify_tests_intake")
    settings = IntakeSettings(
        **told(url, issuer),
        reference_url=default_url(),
        routing_url="http://127.0.0.1:9",
        object_store_url="file:///nowhere",
        client_id="intake",
        client_secret="secret",  # noqa: S106 - of an issuer that asks none
    )
    await migrate(url, Path(services.intake.__file__).with_name("migrations"))
    return settings


@pytest.fixture(scope="session")
def intake_service(intake_settings: IntakeSettings) -> Service:
    """Built once, since reading the reference data takes a moment."""
    return build_intake(intake_settings)


@dataclass
class Intake:
    """Intake over HTTP, where administrations submit and notify asks for the author."""

    url: str
    issuer: Issuer
    server: Any

    async def submit(self, http: Any, author: dict[str, Any] | None) -> UUID:
        """A new procedure, with that author."""
        headers = self.issuer.bearer(DREAL) | {"Idempotency-Key": str(new_id())}
        answer = await http.post(f"{self.url}/v1/procedures", json=a_procedure(author=author), headers=headers)
        assert answer.status_code == 202, answer.text
        return UUID(answer.json()["id"])


@pytest.fixture
async def intake(intake_service: Service, intake_settings: IntakeSettings, issuer: Issuer) -> AsyncIterator[Intake]:
    running = Running(intake_service, intake_settings)
    await keys_known(running)
    (port,) = free_ports(1)
    config = uvicorn.Config(running.app, host="127.0.0.1", port=port, log_config=None, lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    server.capture_signals = suppress  # type: ignore[method-assign, assignment]
    serving = asyncio.create_task(server.serve())
    await until(lambda: _started(server), what="intake listens")
    yield Intake(f"http://127.0.0.1:{port}", issuer, server)
    server.should_exit = True
    await serving
    await running.engine.dispose()
    await running.lock_engine.dispose()


async def _started(server: uvicorn.Server) -> bool:
    return server.started


@pytest.fixture
async def smtp() -> AsyncIterator[Server]:
    async with smtp_server() as one:
        yield one


@dataclass
class Hands:
    """A clock that a test moves."""

    now: datetime = field(default=NOON)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class World:
    """Notify and what it talks to."""

    notify: InProcess
    intake: Intake
    smtp: Server
    clock: Hands

    async def submitted(self, author: dict[str, Any] | None = ALIX, *, urgent: bool = False) -> UUID:
        """A procedure that intake has and notify has read."""
        async with httpx.AsyncClient(verify=trusted(), trust_env=False) as http:
            one = await self.intake.submit(http, author)
        urgency = Urgency(reason=UrgencyReason.DANGER, until=None) if urgent else None
        data = a_submission().model_copy(update={"urgency": urgency})
        await self.notify.read(an_event(data, subject=one))
        return one

    async def rows(self) -> list[tuple[Any, ...]]:
        """State, tries and failure of each delivery, in the order they were made."""
        return await self.notify.rows(
            "SELECT state, tries, failure FROM deliveries ORDER BY created_at, event_time, id"
        )

    async def said(self) -> list[Event[Any]]:
        """What stands in the outbox, in order."""
        rows = await self.notify.rows("SELECT key, value, headers FROM outbox ORDER BY id")
        return [_decoded(*row) for row in rows]

    async def until_states(self, *states: str) -> None:
        """Wait until deliveries are in these states."""

        async def look() -> bool:
            return sorted(row[0] for row in await self.rows()) == sorted(states)

        await until(look, seconds=60, what=f"{states}, {await self.rows()}")

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and have the workers look."""
        self.clock.now += timedelta(seconds=seconds)
        self.notify.running.facts_applied.ring()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[asyncio.Task[None]]:
        """Notify's postman works while the block lasts, and ends as at SIGTERM."""
        worker, _ = self.notify.running.workers
        task: asyncio.Task[None] = asyncio.create_task(worker())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _decoded(key: bytes, value: bytes, headers: str) -> Event[Any]:

    record = Record(key, value, tuple((name, text.encode()) for name, text in json.loads(headers)))
    (event,) = events_of([Outgoing("", record)])
    return event


@pytest.fixture
def told_notify(notify_database: str, issuer: Issuer) -> Told:
    """Notify's settings; `more` replaces some."""

    def make(**more: Any) -> NotifySettings:
        values = {
            **told(notify_database, issuer),
            "reference_url": default_url(),
            "intake_url": "http://127.0.0.1:9",
            "client_id": "notify",
            "client_secret": "secret",
            "smtp_url": "smtp://127.0.0.1:9",
            "smtp_timeout": PATIENT,
            "public_url": "https://infoparquet.example",
        } | more
        return NotifySettings(**values)

    return make


@asynccontextmanager
async def a_world(settings: NotifySettings, issuer: Issuer, intake: Intake, smtp: Server) -> AsyncIterator[World]:
    """Notify with those settings, emptied."""
    clock = Hands()
    async with in_process(build(settings), settings, issuer, tables=TABLES, clock=clock) as notify:
        yield World(notify, intake, smtp, clock)


@pytest.fixture
async def world(told_notify: Told, issuer: Issuer, intake: Intake, smtp: Server) -> AsyncIterator[World]:
    settings = told_notify(intake_url=intake.url, smtp_url=f"smtp://127.0.0.1:{smtp.port}", mail_tries=3)
    async with a_world(settings, issuer, intake, smtp) as one:
        yield one


@pytest.fixture
async def hurried(told_notify: Told, issuer: Issuer, intake: Intake, smtp: Server) -> AsyncIterator[World]:
    """The same for a server that hangs: it is soon given up."""
    url = f"smtp://127.0.0.1:{smtp.port}"
    settings = told_notify(intake_url=intake.url, smtp_url=url, mail_tries=3, smtp_timeout=HURRIED)
    async with a_world(settings, issuer, intake, smtp) as one:
        yield one
