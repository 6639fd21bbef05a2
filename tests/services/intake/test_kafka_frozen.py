"""Kafka stands still while procedures come: all that was accepted arrives once and in order, what is urgent first."""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import ConsumerRecord
from infoparquet_contracts.envelope import decode
from infoparquet_contracts.topics import JOURNAL, common_topics

from chassis.batches import BATCH_ROWS_WITH_URGENT
from chassis.kafka import KafkaSettings
from chassis.room import keep_counting
from chassis.service import Service
from chassis.topics import create_missing
from deploy.local.folders import fresh_folder
from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_ports
from tests.chassis.journal import committed
from tests.processes import until
from tests.services.intake.builders import a_procedure
from tests.services.intake.conftest import Intake, Settings, running
from tests.services.issuer import Issuer

URGENCY = {"reason": "danger"}
# Of the 180 that 256 KiB hold, so many come before the urgent one.
BEFORE = BATCH_ROWS_WITH_URGENT + 30


@pytest.fixture
async def kafka() -> AsyncIterator[ApacheKafka]:
    folder = fresh_folder()
    async with ApacheKafka(folder / "kafka", *free_ports(2)) as node:
        await create_missing(KafkaSettings(bootstrap=node.bootstrap), common_topics(["intake"]))
        yield node
        node.send(signal.SIGCONT)
    shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def relayed(intake: Intake) -> AsyncIterator[None]:
    """With what publishes its outbox, and counts it."""
    one = intake.running
    tasks = [asyncio.create_task(work) for work in (one.relay.run(), keep_counting(one.room, one.engine))]

    async def is_active() -> bool:
        return one.relay.active

    await until(is_active, what="the relay reigns")
    yield
    await one.relay.stop()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def accepted_until_full(intake: Intake) -> dict[str, str]:
    """What procedure each key made, until one is refused."""
    made: dict[str, str] = {}
    while True:
        key = f"k{len(made)}"
        urgency = URGENCY if len(made) == BEFORE else None
        answer = await intake.post(a_procedure(reference=key, urgency=urgency), key=key)
        if answer.status_code != 202:
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
            return made
        made[key] = answer.json()["id"]
        if len(made) == 1:
            withdrawn = await intake.go_on(made[key], "withdrawal", {"reason": "duplicate"}, key="w")
            assert withdrawn.status_code == 202


async def test_a_backlog_drains_in_order_and_the_urgent_do_not_wait_behind_it(
    kafka: ApacheKafka, service: Service, told: Settings, issuer: Issuer, intake: Intake
) -> None:
    settings = told(kafka_bootstrap=kafka.bootstrap, outbox_limit="256KiB")
    async with running(service, settings, issuer) as frozen, relayed(frozen):
        kafka.send(signal.SIGSTOP)
        made = await accepted_until_full(frozen)
        assert len(made) > BEFORE + 1
        again = await frozen.post(a_procedure(reference="k7"), key="k7")
        assert (again.status_code, again.json()["id"]) == (202, made["k7"])
        kafka.send(signal.SIGCONT)

        async def is_empty() -> bool:
            return await frozen.count("outbox") == 0

        await until(is_empty, seconds=120, what="the backlog drains")
        records = await committed(kafka.bootstrap, JOURNAL)
        assert facts_of(records, made["k0"]) == ["submitted", "withdrawn"]
        assert [facts_of(records, one) for key, one in made.items() if key != "k0"] == [["submitted"]] * (len(made) - 1)
        sent = {record.key.decode(): record.timestamp for record in records}
        urgent = sent.pop(made[f"k{BEFORE}"])
        assert sum(urgent < at for at in sent.values()) >= len(made) - BATCH_ROWS_WITH_URGENT - 1


def facts_of(records: list[ConsumerRecord], procedure: str) -> list[str]:
    """The names of its facts, in order."""
    mine = [record for record in records if record.key == procedure.encode()]
    return [decode(record.key, record.value, record.headers).data.fact for record in mine]
