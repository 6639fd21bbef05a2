"""Intake on a real PostgreSQL, with tokens of a real issuer; its broker is not needed and not there."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from infoparquet_contracts.envelope import Event, decode
from sqlalchemy import text

import services.intake
from chassis.migration import migrate
from chassis.service import Running, Service
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from reference import default_url
from services.intake.collecting import Collector
from services.intake.contents import Contents
from services.intake.handlers import follow_procedures
from services.intake.objects import Objects
from services.intake.receiving import Receiver
from services.intake.service import build
from services.intake.settings import IntakeSettings
from services.intake.turns import Turns
from tests.processes import until
from tests.services.documented import documented
from tests.services.intake.builders import NOON
from tests.services.intake.clamd import Clamd, clamd
from tests.services.issuer import Issuer, keys_known

MIGRATIONS = Path(services.intake.__file__).parent / "migrations"
DREAL = "administration:dreal-33"
EMPTIED = (
    "idempotency_keys, followed_facts, dossier_readings, supplements, withdrawals, dossiers, "
    "lost_dossiers, draft_documents, drafts, document_parts, documents, document_readings, procedures, outbox, "
    "said_facts"
)
Settings = Callable[..., IntakeSettings]
Collected = Callable[[timedelta], Awaitable[int]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_database(postgres_server: Postgres) -> str:
    url = await postgres_server.create_database("infoparquet_intake_tests")
    await migrate(url, MIGRATIONS)
    return url


@pytest.fixture(scope="session")
def object_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the bytes of documents are."""
    return tmp_path_factory.mktemp("objects")


@pytest.fixture(scope="session")
def told(issuer: Issuer, migrated_database: str, object_folder: Path) -> Settings:
    """Intake's settings; `more` replaces some."""

    def make(**more: Any) -> IntakeSettings:
        values = {
            "listen": "127.0.0.1:1",
            "kafka_bootstrap": "127.0.0.1:9",
            "database_url": migrated_database,
            "reference_url": default_url(),
            "oidc_issuer": issuer.url,
            "routing_url": "http://127.0.0.1:9",
            "object_store_url": object_folder.as_uri(),
            "client_id": "intake",
            "client_secret": "secret",
        } | more
        return IntakeSettings(**values)

    return make


@pytest.fixture(scope="session")
def service(told: Settings) -> Service:
    """Built once, since reading the reference data takes a moment."""
    return build(told())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scanner(session_folder: Path) -> AsyncIterator[Clamd]:
    """A virus scanner for the whole run."""
    async with clamd(session_folder / "clamd") as one:
        yield one


@dataclass
class Intake:
    """A running intake, and a client of it that speaks for an administration."""

    running: Running
    client: httpx.AsyncClient
    issuer: Issuer

    async def post(self, body: Any, *, key: str | None, **headers: str) -> httpx.Response:
        """`POST /v1/procedures`."""
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.client.post("/v1/procedures", json=body, headers=headers)

    async def go_on(self, procedure: str, what: str, body: Any, *, key: str, **headers: str) -> httpx.Response:
        """`POST /v1/procedures/{id}/supplements` or `/withdrawal`."""
        headers["Idempotency-Key"] = key
        return await self.client.post(f"/v1/procedures/{procedure}/{what}", json=body, headers=headers)

    async def said(self) -> list[Event[Any]]:
        """The facts in the outbox, in order."""
        rows = await self.rows("SELECT key, value, headers FROM outbox ORDER BY id")
        return [
            decode(row.key, row.value, [(name, value.encode()) for name, value in json.loads(row.headers)])
            for row in rows
        ]

    async def send(self, lines: Sequence[str]) -> list[dict[str, Any]]:
        """`POST /v1/procedures:batch`."""
        answer = await self.client.post(
            "/v1/procedures:batch", content="\n".join(lines), headers={"Content-Type": "application/x-ndjson"}
        )
        assert answer.status_code == 200, answer.text
        return [httpx.Response(200, content=line).json() for line in answer.content.splitlines()]

    async def get(self, path: str, organisation: str) -> httpx.Response:
        return await self.client.get(path, headers=self.issuer.bearer(organisation))

    async def facts_arrive(self, *facts: Event[Any]) -> None:
        """As the consumer does: apply each fact, then ring."""
        for fact in facts:
            async with self.running.transactions.begin() as transaction:
                await follow_procedures(transaction, [fact])
        self.running.facts_applied.ring()

    async def rows(self, query: str) -> list[Any]:
        async with self.running.engine.connect() as connection:
            return list(await connection.execute(text(query)))

    async def procedures(self, count: int) -> list[str]:
        """The ids of procedures, once there are so many."""

        async def made() -> list[Any]:
            rows = await self.rows("SELECT id FROM procedures ORDER BY id")
            return rows if len(rows) >= count else []

        return [str(row.id) for row in await until(made)]

    async def count(self, table: str) -> int:
        ((rows,),) = await self.rows(f"SELECT count(*) FROM {table}")  # noqa: S608 - the tests' own words
        return int(rows)


@asynccontextmanager
async def running(
    service: Service, settings: IntakeSettings, issuer: Issuer, *, now: datetime = NOON
) -> AsyncIterator[Intake]:
    """Intake in this process, without its consumer and relay."""
    one = Running(service, settings, clock=lambda: now)
    await keys_known(one)
    transport = httpx.ASGITransport(one.app, raise_app_exceptions=False)
    hooks: Mapping[str, list[Callable[..., Any]]] = {"response": [documented(one.app)]}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://intake", headers=issuer.bearer(DREAL), event_hooks=hooks
    ) as client:
        yield Intake(one, client, issuer)
    await one.engine.dispose()
    await one.lock_engine.dispose()


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The application behind a real port; its address."""
    (port,) = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await until(started)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def intake(service: Service, told: Settings, issuer: Issuer) -> AsyncIterator[Intake]:
    async with running(service, told(), issuer) as one:
        async with one.running.engine.begin() as connection:
            await connection.execute(text(f"TRUNCATE {EMPTIED}"))
        yield one


@pytest.fixture
async def run_file(intake: Intake, tmp_path: Path) -> AsyncIterator[Path]:
    """The folder of a running system, with intake alone."""
    async with listening(intake.running.app) as url:
        run = {"services": {"intake": {"url": url}}, "tokens": {DREAL: intake.issuer.token(DREAL)}}
        (tmp_path / "run.json").write_text(json.dumps(run))
        yield tmp_path


@pytest.fixture
def collected(service: Service, told: Settings, issuer: Issuer, object_folder: Path) -> Collected:
    """Collects what is over so long after noon; how many documents."""

    async def collect(after: timedelta) -> int:
        async with running(service, told(), issuer, now=NOON + after) as later:
            parts = later.running.parts
            receiver = Receiver(Contents(Objects(object_folder.as_uri()), Turns(parts.transactions)), parts.crash)
            return await Collector(parts, receiver).collect()

    return collect
