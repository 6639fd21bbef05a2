"""One real broker and one real PostgreSQL a test process; each test gets databases of its own."""

import gc
import itertools
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from aiokafka.admin import AIOKafkaAdminClient
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from infoparquet_contracts.topics import common_topics

from chassis.database import LIMITS
from chassis.logging import places_only
from deploy.local.folders import fresh_folder
from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres

Databases = Callable[[str], Awaitable[str]]
# Folders whose files take longest, each begun first: one that is begun last is waited for alone.
SLOWEST = ("system", "faults", "bench", "answers", "local")
PATIENCE = 60.0
# How long one service waits for another that answers in the end.
WAITS = (
    "chassis.identity.LIMIT_SECONDS",
    "chassis.readiness.LIMIT",
    "chassis.service_token.LIMIT_SECONDS",
    "services.intake.competence.LIMIT_SECONDS",
    "services.notify.contacts.LIMIT_SECONDS",
    "services.query.portal.messages._LIMIT_SECONDS",
    "services.query.portal.operations.desk.LOOK_SECONDS",
    "services.query.portal.signing_in.LIMIT_SECONDS",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first, else in their order."""
    items.sort(key=lambda item: next((at for at, name in enumerate(SLOWEST) if name in item.path.parts), len(SLOWEST)))


def pytest_collection_finish() -> None:
    """What was imported stays: looking through it again and again for garbage is a twentieth of a run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def quick_log_lines() -> None:
    """As services log; by default structlog draws each exception with its surroundings, in seconds."""
    structlog.configure([structlog.processors.add_log_level, places_only, structlog.processors.JSONRenderer()])


@pytest.fixture(scope="session", autouse=True)
def patient() -> Iterator[None]:
    """Whoever runs in the tests' own process outwaits a machine that rests; services in processes keep their limits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LIMITS, "idle_in_transaction_session_timeout", "0")
        for name in WAITS:
            patch.setattr(name, PATIENCE)
        for step in ("connect", "read", "write", "pool"):
            patch.setattr(DEFAULT_TIMEOUT_CONFIG, step, PATIENCE)
        yield


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own account may enter."""
    folder = fresh_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_server(session_folder: Path) -> AsyncIterator[Postgres]:
    """A PostgreSQL for the whole run."""
    (port,) = free_ports(1)
    async with Postgres(session_folder / "postgres", port) as server:
        yield server


class PatientKafka(ApacheKafka):
    """Nobody kills it: where the machine rests, its controller, the same process, does not take it for dead."""

    def _write_configuration(self) -> None:
        super()._write_configuration()
        with (self.folder / "server.properties").open("a") as settings:
            settings.write(f"broker.session.timeout.ms={1000 * PATIENCE:.0f}\n")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def one_kafka(session_folder: Path) -> AsyncIterator[ApacheKafka]:
    """An Apache Kafka for the whole run."""
    port, controller = free_ports(2)
    async with PatientKafka(session_folder / "kafka", port, controller) as broker:
        yield broker


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kafka_server(one_kafka: ApacheKafka) -> ApacheKafka:
    """Without what an earlier file left on the topics that all services share: some write what nobody should."""
    admin = AIOKafkaAdminClient(bootstrap_servers=one_kafka.bootstrap)
    await admin.start()
    shared = {topic.name for topic in common_topics()}
    await admin.delete_topics([*shared & set(await admin.list_topics())])
    await admin.close()
    return one_kafka


@pytest_asyncio.fixture
async def mortal_postgres() -> AsyncIterator[Postgres]:
    """A PostgreSQL of the test's own, to be killed."""
    folder = fresh_folder()
    async with Postgres(folder / "postgres", *free_ports(1)) as one:
        yield one
    shutil.rmtree(folder, ignore_errors=True)


_COUNT = itertools.count()


@pytest_asyncio.fixture
async def databases(postgres_server: Postgres) -> AsyncIterator[Databases]:
    """Makes empty databases that go with the test."""
    made: list[str] = []

    async def make(service: str) -> str:
        name = f"infoparquet_{service}_{next(_COUNT)}"
        made.append(name)
        return await postgres_server.create_database(name)

    yield make
    for name in made:
        await postgres_server.drop_database(name)
