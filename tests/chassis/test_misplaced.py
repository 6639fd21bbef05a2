"""A partition that is not what it was stops its readers, and is read again from its beginning when an operator asks."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from infoparquet_contracts.topics import JOURNAL

from chassis.misplaced import read_anew
from chassis.service import Running
from deploy.local.kafka import ApacheKafka
from deploy.local.postgres import Postgres
from tests.builders import a_submission, an_event
from tests.chassis.journal import Raw, raw
from tests.chassis.numbering import Numbering
from tests.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

CUT, RESTORED, CUT_BELOW = 5, 6, 7


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
