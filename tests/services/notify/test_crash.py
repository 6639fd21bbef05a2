"""kill -9 at each point of the worker, as a real process on a real broker: the mail arrives, and is one message."""

from pathlib import Path
from uuid import UUID

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from infoparquet_contracts.envelope import encode
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import text

from chassis.database import open_engine
from chassis.service import migrate_service
from deploy.local.kafka import ApacheKafka
from services.notify.service import build
from tests import audit
from tests.builders import a_submission, an_event
from tests.conftest import Databases
from tests.processes import ServiceProcess, environment, running, until
from tests.services.issuer import Issuer
from tests.services.notify import facts
from tests.services.notify.conftest import ALIX, Intake, Told
from tests.services.notify.smtp import Server


@pytest.fixture
async def notify(
    kafka_server: ApacheKafka,
    databases: Databases,
    issuer: Issuer,
    intake: Intake,
    smtp: Server,
    told_notify: Told,
    tmp_path: Path,
) -> ServiceProcess:
    """Migrated, not started."""
    url = await databases("notify")
    more = {"kafka_bootstrap": kafka_server.bootstrap, "database_url": url}
    settings = told_notify(**more)
    await migrate_service(build(settings), settings)
    secrets = {"INFOPARQUET_CLIENT_ID": "notify", "INFOPARQUET_CLIENT_SECRET": "secret"}
    told = environment(kafka_server.bootstrap, url, INFOPARQUET_SMTP_URL=f"smtp://127.0.0.1:{smtp.port}", **secrets)
    told |= {"INFOPARQUET_OIDC_ISSUER": issuer.url, "INFOPARQUET_INTAKE_URL": intake.url}
    return ServiceProcess("notify", told, tmp_path / "notify.log")


MESSAGES = {"worker.claimed": 1, "worker.done": 2, "worker.recorded": 1}


async def test_a_mail_arrives_as_one_message_wherever_its_process_dies(
    notify: ServiceProcess, kafka_server: ApacheKafka, intake: Intake, smtp: Server
) -> None:
    """One process after another on one database, which has first read what other tests left in the journal."""
    async with running("notify", notify.environment, notify.log):
        first = await published(kafka_server, intake)
        await until(lambda: told_once(kafka_server, first), what="notified")
        await until(lambda: nothing_waits(notify), what="nothing to send")

    for point, messages in MESSAGES.items():
        one = await published(kafka_server, intake)
        await notify.start(INFOPARQUET_CRASH_AT=point)
        assert await notify.ended() == -9, notify.log.read_text()
        await let_leases_pass(notify)
        async with running("notify", notify.environment, notify.log):
            await until(lambda one=one: told_once(kafka_server, one), what=f"notified after {point}")  # type: ignore[misc]
        ids = [got.message["Message-ID"] for got in smtp.received if got.message["X-infoParquet-Procedure"] == str(one)]
        assert (point, len(ids), len(set(ids))) == (point, messages, 1)


async def published(kafka: ApacheKafka, intake: Intake) -> UUID:
    """A procedure that intake has, and its number in the journal."""
    async with httpx.AsyncClient(trust_env=False) as http:
        one = await intake.submit(http, ALIX)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, enable_idempotence=True) as producer:
        for event in (an_event(a_submission(), subject=one), facts.numbered(one)):
            record = encode(event)
            await producer.send_and_wait(JOURNAL.name, record.value, record.key, headers=list(record.headers))
    return one


async def let_leases_pass(notify: ServiceProcess) -> None:
    """As if the time had gone by that a dead process's mail is left to it."""
    engine = open_engine(notify.environment["INFOPARQUET_DATABASE_URL"], name="tests", connections=1)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE deliveries SET next_try_at = now() WHERE state = 'sending'"))
    await engine.dispose()


async def nothing_waits(notify: ServiceProcess) -> bool:
    engine = open_engine(notify.environment["INFOPARQUET_DATABASE_URL"], name="tests", connections=1)
    async with engine.connect() as connection:
        count = await connection.scalar(text("SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'sending')"))
    await engine.dispose()
    return count == 0


async def told_once(kafka: ApacheKafka, one: UUID) -> bool:
    said = [event for _, event in await audit.read(kafka.bootstrap, JOURNAL) if event.subject == one]
    return [event.data.fact for event in said if event.source == "/services/notify"] == ["notified"]
