"""The relay on a real broker: each row once and in order, and what one topic or row suffers is its own affair."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.envelope import Event, Record, decode
from infoparquet_contracts.facts import Delivered
from infoparquet_contracts.identifiers import receipt_id
from infoparquet_contracts.operations import DeadLetter
from infoparquet_contracts.topics import DEAD_LETTERS, JOURNAL, common_topics, tribunal_topic

from chassis.batches import BATCH_ROWS, SUSPENSION
from chassis.clock import new_id
from chassis.crash import CrashPoints
from chassis.handover import Handover
from chassis.kafka import KafkaSettings
from chassis.outbox import Outgoing, to_journal
from chassis.topics import create_missing
from deploy.local.folders import fresh_folder
from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_ports
from services.routing.delivery import Dossiers, delivery_of, to_court
from tests.builders import a_submission, an_event
from tests.chassis.journal import committed
from tests.chassis.outbox import Outbox, is_active, opened
from tests.contracts.builders import routed
from tests.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Refuses what is larger, as a topic an operator has set up otherwise than the contracts say.
NARROW = tribunal_topic("tj75056")
NARROW_BYTES = 4_000
COURT = tribunal_topic("tj33063")
# Made by the test that waits for it.
LATER = tribunal_topic("tj98818")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bootstrap() -> AsyncIterator[str]:
    folder = fresh_folder()
    async with ApacheKafka(folder / "kafka", *free_ports(2)) as kafka:
        await create_missing(KafkaSettings(bootstrap=kafka.bootstrap), [*common_topics(["routing"]), COURT])
        narrow = NewTopic(NARROW.name, 1, 1, topic_configs={"max.message.bytes": str(NARROW_BYTES)})
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        await admin.start()
        await admin.create_topics([narrow])
        await admin.close()
        yield kafka.bootstrap
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(loop_scope="module")
async def outbox(chassis_database: str, bootstrap: str) -> AsyncIterator[Outbox]:
    async with opened(chassis_database, bootstrap) as one:
        yield one


def nobody(topic: str, partition: int, offset: int) -> None:
    """Is told where records stand."""


def facts(procedure: UUID, count: int) -> list[Outgoing]:
    return to_journal(*(an_event(a_submission(), subject=procedure) for _ in range(count)))


def delivery(procedure: UUID, tribunal: str = "tj33063") -> Outgoing:
    data = delivery_of(procedure, a_submission(), routed(tribunal), "2026-00000042-26", Dossiers("https://a.example"))
    (one,) = to_court(tribunal, an_event(data, subject=procedure, source="/services/routing"), receipted=True)
    return one


def of_size(one: Outgoing, size: int) -> Outgoing:
    """The same with a value of so many bytes, which compressing makes no smaller."""
    return Outgoing(one.topic, Record(one.record.key, secrets.token_bytes(size), one.record.headers), one.receipted)


def ids(rows: Sequence[Outgoing]) -> list[bytes]:
    return [dict(one.record.headers)["ce_id"] for one in rows]


async def read(bootstrap: str, topic: str, procedure: UUID) -> list[ConsumerRecord]:
    """What is committed about a procedure."""
    (declared,) = (one for one in (JOURNAL, DEAD_LETTERS, COURT, NARROW, LATER) if one.name == topic)
    return [record for record in await committed(bootstrap, declared) if record.key == str(procedure).encode()]


async def ids_on(bootstrap: str, topic: str, procedure: UUID) -> list[bytes]:
    return [dict(record.headers)["ce_id"] for record in await read(bootstrap, topic, procedure)]


async def facts_of(bootstrap: str, procedure: UUID) -> list[Event[Any]]:
    records = await read(bootstrap, JOURNAL.name, procedure)
    return [decode(record.key, record.value, record.headers) for record in records]


async def test_rows_go_out_once_and_in_order(outbox: Outbox) -> None:
    first, second = new_id(), new_id()
    rows = [row for pair in zip(facts(first, 700), facts(second, 700), strict=True) for row in pair]
    assert len(rows) > BATCH_ROWS, "more than go in one batch"
    await outbox.append(rows[:1200])
    async with outbox.relay():
        for start in range(1200, len(rows), 37):
            await outbox.append(rows[start : start + 37])
        await outbox.is_left(0)
    assert await ids_on(outbox.bootstrap, JOURNAL.name, first) == ids(rows[0::2])
    assert await ids_on(outbox.bootstrap, JOURNAL.name, second) == ids(rows[1::2])
    batches = await outbox.batches()
    assert batches == sorted(set(batches)), "a batch's number was committed twice"


async def test_a_topic_that_does_not_exist_rests_alone_until_it_does(outbox: Outbox) -> None:
    waiting, other = new_id(), new_id()
    held = [*facts(waiting, 1), delivery(waiting, "tj98818"), *facts(waiting, 2)]
    free = facts(other, 5)
    async with outbox.relay():
        await outbox.append([*held, *free])
        await outbox.is_left(3)
        assert await ids_on(outbox.bootstrap, JOURNAL.name, other) == ids(free)
        assert await ids_on(outbox.bootstrap, JOURNAL.name, waiting) == ids(held[:1])
        assert await outbox.rows("SELECT topic FROM suspended_topics") == [(LATER.name,)]

        more = facts(other, 5)
        await outbox.append(more)
        await outbox.is_left(3)
        await create_missing(KafkaSettings(bootstrap=outbox.bootstrap), [LATER])
        outbox.clock.now += SUSPENSION + timedelta(seconds=1)
        await outbox.is_left(0)
    assert await ids_on(outbox.bootstrap, LATER.name, waiting) == ids(held[1:2])
    assert await ids_on(outbox.bootstrap, JOURNAL.name, other) == ids(free + more)
    said = [event.id for event in await facts_of(outbox.bootstrap, waiting) if not isinstance(event.data, Delivered)]
    assert [str(one).encode() for one in said] == ids([held[0], *held[2:]])


@pytest.mark.parametrize("size", [NARROW_BYTES + 1, 2_000_000], ids=["for the broker", "for the client"])
async def test_a_row_that_is_too_large_is_set_aside_and_holds_its_procedure_alone(outbox: Outbox, size: int) -> None:
    at_fault, other = new_id(), new_id()
    refused = of_size(delivery(at_fault, "tj75056"), size)
    behind, free = facts(at_fault, 2), [*facts(other, 5), delivery(other)]
    async with outbox.relay():
        await outbox.append([*facts(at_fault, 1), *free[:3], refused, *behind, *free[3:]])
        await outbox.is_left(3)
        more = facts(other, 2)
        await outbox.append([*facts(at_fault, 1), *more])
        await outbox.is_left(4)
    reasons = await outbox.rows("SELECT topic, refusal FROM outbox WHERE refusal IS NOT NULL")
    assert reasons == [(NARROW.name, "MessageSizeTooLargeError")]
    assert await ids_on(outbox.bootstrap, NARROW.name, at_fault) == []
    assert len(await facts_of(outbox.bootstrap, at_fault)) == 1
    said = [event for event in await facts_of(outbox.bootstrap, other) if not isinstance(event.data, Delivered)]
    assert [str(event.id).encode() for event in said] == ids(free[:5] + more)
    assert len(await read(outbox.bootstrap, COURT.name, other)) == 1
    await operators_are_told_once(outbox, at_fault)


async def operators_are_told_once(outbox: Outbox, procedure: UUID) -> None:
    (record,) = await read(outbox.bootstrap, DEAD_LETTERS.name, procedure)
    told = DeadLetter.model_validate_json(record.value)
    assert (told.code, told.topic, told.offset) == (DeadLetterCode.BROKER_REFUSED, NARROW.name, None)


async def test_what_follows_a_refused_row_goes_when_an_operator_takes_it_away(outbox: Outbox) -> None:
    procedure = new_id()
    refused, behind = of_size(delivery(procedure, "tj75056"), NARROW_BYTES + 1), facts(procedure, 3)
    async with outbox.relay():
        await outbox.append([refused, *behind])
        await outbox.is_left(4)
        await discard_refused(outbox)
        await outbox.is_left(0)
    assert await ids_on(outbox.bootstrap, JOURNAL.name, procedure) == ids(behind)


async def discard_refused(outbox: Outbox) -> None:
    """As an operator does, once the relay has set the row aside."""

    async def is_gone() -> bool:
        return bool(await outbox.change("DELETE FROM outbox WHERE refusal IS NOT NULL"))

    await until(is_gone, what="set aside")


async def test_a_receipt_says_where_its_delivery_was_put(outbox: Outbox) -> None:
    procedures = [new_id() for _ in range(5)]
    async with outbox.relay():
        for procedure in procedures:
            await outbox.append([*facts(procedure, 1), delivery(procedure)])
        await outbox.is_left(0)
    for procedure in procedures:
        (placed,) = await read(outbox.bootstrap, COURT.name, procedure)
        before, receipt = await facts_of(outbox.bootstrap, procedure)
        assert isinstance(receipt.data, Delivered)
        assert not isinstance(before.data, Delivered)
        handed_over = UUID(dict(placed.headers)["ce_id"].decode())
        assert receipt.id == receipt_id(handed_over)
        said = (receipt.data.delivery, receipt.data.topic, receipt.data.partition, receipt.data.offset)
        assert said == (handed_over, placed.topic, placed.partition, placed.offset)


async def test_a_delivery_whose_batch_is_given_up_leaves_neither_record_nor_receipt(outbox: Outbox) -> None:
    at_fault, other = new_id(), new_id()
    async with outbox.relay():
        await outbox.append([delivery(other), of_size(delivery(at_fault, "tj75056"), NARROW_BYTES + 1)])
        await outbox.is_left(1)
    (placed,) = await read(outbox.bootstrap, COURT.name, other)
    (receipt,) = await facts_of(outbox.bootstrap, other)
    assert isinstance(receipt.data, Delivered)
    assert receipt.data.offset == placed.offset
    tried = await committed(outbox.bootstrap, COURT, isolation="read_uncommitted")
    mine = [record.offset for record in tried if record.key == str(other).encode()]
    assert mine[-1:] == [placed.offset]
    assert len(mine) == 2, "the first try was to be given up after the delivery was sent"


async def test_one_relay_is_active_and_the_other_takes_its_place(outbox: Outbox) -> None:
    procedure = new_id()
    rows = facts(procedure, 9)
    async with AsyncExitStack() as reign:
        first = await reign.enter_async_context(outbox.relay())
        await is_active(first)
        async with outbox.relay() as second:
            await outbox.append(rows[:3])
            await outbox.is_left(0)
            assert not second.active
            await reign.aclose()
            assert not first.active
            await outbox.append(rows[3:6])
            await is_active(second)
            await outbox.is_left(0)
    async with outbox.relay():
        await outbox.append(rows[6:])
        await outbox.is_left(0)
    assert await ids_on(outbox.bootstrap, JOURNAL.name, procedure) == ids(rows)


async def test_a_relay_that_loses_its_lock_is_replaced_and_repeats_nothing(outbox: Outbox) -> None:
    procedure = new_id()
    rows = facts(procedure, 60)
    async with outbox.relay(), outbox.relay():
        for start in range(0, len(rows), 10):
            await outbox.append(rows[start : start + 10])
            await outbox.change(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            )
        await outbox.is_left(0)
    assert await ids_on(outbox.bootstrap, JOURNAL.name, procedure) == ids(rows)


async def test_a_number_is_believed_only_where_the_log_goes_past_the_relays_own_mark(outbox: Outbox) -> None:
    async with outbox.relay():
        await outbox.append(facts(new_id(), 1))
        await outbox.is_left(0)
    kafka = KafkaSettings(bootstrap=outbox.bootstrap)
    async with Handover.fenced("routing", kafka, None, CrashPoints(), nobody) as handover:
        assert await handover.committed_batch() == (await outbox.batches())[-1]
    # As it looks to one whose mark was acknowledged by another node than the one that answers.
    producer = AIOKafkaProducer(**kafka.client("tests"))
    ahead = Handover(producer, "routing", kafka, None, CrashPoints(), 1_000_000, nobody)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ahead.committed_batch(), 1)


async def test_a_restored_database_goes_on_above_what_kafka_has(outbox: Outbox) -> None:
    procedure = new_id()
    rows = facts(procedure, 4)
    async with outbox.relay():
        await outbox.append(rows[:2])
        await outbox.is_left(0)
    before = await outbox.batches()
    await outbox.change("UPDATE relay SET batch = 0")
    async with outbox.relay():
        await outbox.append(rows[2:])
        await outbox.is_left(0)
    assert await ids_on(outbox.bootstrap, JOURNAL.name, procedure) == ids(rows)
    assert min(set(await outbox.batches()) - set(before)) > max(before)


async def test_rows_appended_by_many_at_once_keep_each_procedures_order(outbox: Outbox) -> None:
    procedures = [new_id() for _ in range(8)]
    said = {procedure: facts(procedure, 12) for procedure in procedures}

    async def say(procedure: UUID) -> None:
        for row in said[procedure]:
            await outbox.append([row])

    async with outbox.relay():
        await asyncio.gather(*map(say, procedures))
        await outbox.is_left(0)
    for procedure in procedures:
        assert await ids_on(outbox.bootstrap, JOURNAL.name, procedure) == ids(said[procedure])
