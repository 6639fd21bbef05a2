"""A partition that is not what it was stops its readers, and is read again from its beginning when an operator asks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.topics import JOURNAL

from chassis import letters
from chassis.decisions import Order
from chassis.identity import Caller
from chassis.misplaced import read_anew
from chassis.replay import Done, Outcome, discard, replay
from chassis.service import Running
from deploy.local.kafka import ApacheKafka
from deploy.local.postgres import Postgres
from tests.builders import a_submission, an_event
from tests.chassis.journal import Raw, raw
from tests.chassis.numbering import Numbering
from tests.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

CUT, RESTORED, CUT_BELOW = 5, 6, 7
# How a partition's log can come to have others where records stood: a new cluster, or an older copy of this one.
ANOTHER_LOG = {8: "cluster_id = 'another'", 9: "next_offset = 10000"}


@pytest_asyncio.fixture(loop_scope="session")
async def numbering(postgres_server: Postgres, kafka_server: ApacheKafka) -> AsyncIterator[Numbering]:
    url = await postgres_server.create_database("infoparquet_misplaced")
    yield await Numbering.migrated(kafka_server.bootstrap, url)
    await postgres_server.drop_database("infoparquet_misplaced")


def submissions(count: int) -> list[Raw]:
    return [raw(an_event(a_submission())) for _ in range(count)]


async def cut(numbering: Numbering, partition: int, before: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=numbering.settings.kafka_bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(JOURNAL.name, partition): RecordsToDelete(before_offset=before)})
    await admin.close()


async def is_stopped(running: Running) -> bool:
    return running.consumer.stopped is not None


async def not_numbered(numbering: Numbering, partition: int) -> tuple[UUID, Event[Any]]:
    """A submission that becomes a letter, in the end at the very place where the next record will stand."""
    event = an_event(a_submission())
    refused = f"CHECK (procedure_id <> '{event.subject}')"
    await numbering.query(f"ALTER TABLE numbers ADD CONSTRAINT refused {refused}")
    async with numbering.running():
        await numbering.reaches(partition, await numbering.write(partition, [raw(event)]) + 1)
    await numbering.query("ALTER TABLE numbers DROP CONSTRAINT refused")
    ((letter,),) = await numbering.query(
        'UPDATE dead_letters SET "offset" = "offset" + 1 WHERE partition = :partition RETURNING id', partition=partition
    )
    await numbering.query(f"UPDATE positions SET {ANOTHER_LOG[partition]} WHERE partition = {partition}")  # noqa: S608
    return UUID(str(letter)), event


async def numbered(numbering: Numbering, *events: Event[Any]) -> list[bool]:
    """Whether each has its number."""
    rows = await numbering.query("SELECT procedure_id FROM numbers")
    return [(event.subject,) in rows for event in events]


async def decide(running: Running, decision: Callable[..., Awaitable[Outcome]], letter: UUID) -> Outcome:
    order = Order(Caller("someone", "operator", "", frozenset()), "a test record")
    async with running.transactions.begin() as transaction:
        return await decision(running.consumer.parts.application, transaction, letter, order)


async def goes_on(running: Running) -> list[TopicPartition]:
    """An operator asks for it; which partitions are read again."""
    moved = await read_anew(running.transactions, running.probe, running.settings.kafka)
    running.consumer.read_on()
    return moved


async def test_what_is_left_of_a_partition_cut_before_it_was_read_is_read_when_an_operator_says_so(
    numbering: Numbering,
) -> None:
    first = await numbering.write(CUT, submissions(1))
    async with numbering.running():
        await numbering.reaches(CUT, first + 1)
    await numbering.write(CUT, submissions(3))
    await cut(numbering, CUT, first + 3)
    async with numbering.running() as one:
        await until(lambda: is_stopped(one), what="stopped")
        assert await goes_on(one) == [TopicPartition(JOURNAL.name, CUT)]
        await numbering.reaches(CUT, first + 4)
        assert await goes_on(one) == []


async def test_a_partition_cut_under_its_reader_stops_it(numbering: Numbering) -> None:
    async with numbering.running() as one:
        async with numbering.no_batch_ends():
            await numbering.write(CUT_BELOW, submissions(1))
            await numbering.batches_in_hand(1)
            # One at a time: the client has the first of them in hand at most.
            last = [await numbering.write(CUT_BELOW, submissions(1)) for _ in range(5)][-1]
            await cut(numbering, CUT_BELOW, last)
        await until(lambda: is_stopped(one), what="stopped")
        assert f"[{CUT_BELOW}]" in (one.consumer.fault() or "")


async def test_a_partition_restored_to_an_earlier_end_is_read_again_and_nothing_is_numbered_twice(
    numbering: Numbering,
) -> None:
    first = await numbering.write(RESTORED, submissions(2))
    async with numbering.running():
        await numbering.reaches(RESTORED, first + 2)
    await numbering.query(f"UPDATE positions SET next_offset = 10000 WHERE partition = {RESTORED}")  # noqa: S608
    given = await numbering.count("numbers")
    async with numbering.running() as one:
        await until(lambda: is_stopped(one), what="stopped")
        assert await goes_on(one) == [TopicPartition(JOURNAL.name, RESTORED)]
        await numbering.write(RESTORED, submissions(1))
        await numbering.reaches(RESTORED, first + 3)
    assert await numbering.count("numbers") == given + 1


@pytest.mark.parametrize("partition", ANOTHER_LOG)
async def test_what_was_discarded_stays_out_of_another_log_and_what_stands_in_its_place_does_not(
    numbering: Numbering, partition: int
) -> None:
    letter, given_up = await not_numbered(numbering, partition)
    other = an_event(a_submission())
    async with numbering.running() as one:
        await until(lambda: is_stopped(one), what="stopped")
        assert isinstance(await decide(one, discard, letter), Done)
        await goes_on(one)
        # The first that is read anew stands one place before the letter: it is said again.
        place = await numbering.write(partition, [raw(other)])
        await numbering.reaches(partition, place + 1)
    assert await numbered(numbering, given_up, other) == [False, True]


@pytest.mark.parametrize("partition", ANOTHER_LOG)
async def test_an_open_letter_of_another_log_waits_for_its_operator_as_before(
    numbering: Numbering, partition: int
) -> None:
    letter, at_fault = await not_numbered(numbering, partition)
    ((stood,),) = await numbering.query('SELECT "offset" FROM dead_letters WHERE id = :letter', letter=letter)
    other, third = an_event(a_submission()), an_event(a_submission())
    async with numbering.running() as one:
        await until(lambda: is_stopped(one), what="stopped")
        await goes_on(one)
        place = await numbering.write(partition, [raw(other), raw(third)])
        await numbering.reaches(partition, place + 2)
        assert await numbered(numbering, at_fault, other, third) == [False, True, True]
        async with one.engine.connect() as connection:
            shown = await letters.whole(connection, letter)
        assert shown is not None
        assert (shown["offset"], shown["parked"]) == (stood, 1)
        assert await decide(one, replay, letter) == Done(released=1)
    assert await numbered(numbering, at_fault) == [True]
