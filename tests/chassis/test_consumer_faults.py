"""What is down, moved or broken around the consumer costs time, never a fact: no number is missing or given twice."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from aiokafka import ConsumerRecord
from infoparquet_contracts.facts import Submitted
from infoparquet_contracts.topics import JOURNAL
from structlog.testing import capture_logs

from chassis import unknown_facts
from chassis.service import Running
from deploy.local.folders import fresh_folder
from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from tests.builders import a_submission, an_event
from tests.chassis.journal import Raw, raw
from tests.chassis.numbering import Numbering
from tests.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Ground:
    """A service, and the servers beneath it that tests stop and start."""

    numbering: Numbering
    kafka: ApacheKafka
    postgres: Postgres

    def segment(self, partition: int) -> Path:
        """Where the broker keeps a partition of the journal."""
        (path,) = self.kafka.folder.glob(f"**/{JOURNAL.name}-{partition}/*.log")
        return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    folder = fresh_folder()
    broker_port, controller_port, database_port = free_ports(3)
    async with (
        ApacheKafka(folder / "kafka", broker_port, controller_port) as kafka,
        Postgres(folder / "postgres", database_port) as postgres,
    ):
        url = await postgres.create_database("infoparquet_numbering")
        yield Ground(await Numbering.migrated(kafka.bootstrap, url), kafka, postgres)
    shutil.rmtree(folder, ignore_errors=True)


def submissions(count: int) -> list[Raw]:
    return [raw(an_event(a_submission())) for _ in range(count)]


async def are_numbered_once(numbering: Numbering, records: Iterable[Raw]) -> None:
    """Wait until each has its number; then nobody's is missing and nobody's was given twice."""
    wanted = {UUID((record.key or b"").decode()) for record in records}

    async def all_of_them() -> bool:
        return wanted <= {procedure for (procedure,) in await numbering.query("SELECT procedure_id FROM numbers")}

    await until(all_of_them, what="numbered")
    sequences = await numbering.sequences()
    assert sequences == list(range(1, len(sequences) + 1))
    assert await numbering.count("dead_letters") == 0


async def says(running: Running, *words: str) -> None:
    """Wait until the consumer says what is wrong, in all of the words."""

    async def said() -> bool:
        return all(word in (running.consumer.fault() or "") for word in words)

    await until(said, what=f"fault: {words}")


async def reads(running: Running) -> None:
    """Wait until nothing is wrong with the consumer."""

    async def is_well() -> bool:
        return running.consumer.fault() is None

    await until(is_well, what="reads")


async def test_the_database_dies_in_the_middle_of_a_batch(ground: Ground) -> None:
    records = submissions(200)
    async with ground.numbering.running() as running:
        async with ground.numbering.no_batch_ends():
            await ground.numbering.write(3, records)
            await ground.numbering.batches_in_hand(1)
            await ground.postgres.kill()
        await says(running, "lecture en attente")
        assert {"database", "consumer"} <= set(await running.readiness.faults())
        await ground.postgres.start()
        await are_numbered_once(ground.numbering, records)
        await reads(running)
        # No issuer is there in these tests.
        assert set(await running.readiness.faults()) == {"issuer"}


async def test_a_statement_that_the_database_ended_is_made_again_and_is_nobody_s_fault(ground: Ground) -> None:
    numbering, records = ground.numbering, submissions(1)
    ended = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = ANY(:pids)"
    async with numbering.running() as running:
        async with numbering.no_batch_ends():
            await numbering.write(12, records)
            for _ in range(2):
                await numbering.query(ended, pids=await numbering.batches_in_hand(1))
                await says(running, "lecture en attente")
        await are_numbered_once(numbering, records)


async def test_what_the_release_before_kept_is_learnt_before_the_journal_is_read_on(ground: Ground) -> None:
    numbering, (kept, next_one) = ground.numbering, submissions(2)
    async with numbering.running() as running:
        await reads(running)
        async with running.transactions.begin() as transaction:
            record = ConsumerRecord(JOURNAL.name, 5, 0, 0, 0, kept.key, kept.value, None, 0, 0, kept.headers)
            assert await unknown_facts.keep(transaction, record, Submitted.event_type)
    await numbering.write(5, [next_one])
    async with numbering.running():
        await are_numbered_once(numbering, [kept, next_one])
    in_order = "SELECT procedure_id FROM numbers ORDER BY year DESC, sequence DESC LIMIT 2"
    assert [str(one).encode() for (one,) in await numbering.query(in_order)] == [next_one.key, kept.key]


async def test_the_broker_dies_and_comes_back(ground: Ground) -> None:
    records = submissions(20)
    async with ground.numbering.running() as running:
        await ground.numbering.write(3, records[:10])
        await are_numbered_once(ground.numbering, records[:10])
        await ground.kafka.kill()
        assert "kafka" in await running.readiness.faults()
        await ground.kafka.start()
        await ground.numbering.write(4, records[10:])
        await are_numbered_once(ground.numbering, records)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("cluster_id = 'elsewhere'", ("lecture arrêtée", "elsewhere")),
        ("next_offset = 1000000000", ("lecture arrêtée", "1000000000")),
        ("next_offset = -1", ("lecture arrêtée", "-1")),
    ],
    ids=["of another cluster", "beyond the end", "before the start"],
)
async def test_a_position_that_cannot_be_of_this_log_stops_reading(
    ground: Ground, change: str, words: tuple[str, ...]
) -> None:
    numbering, records = ground.numbering, submissions(1)
    await numbering.write(11, records)
    place = "SELECT next_offset, cluster_id FROM positions WHERE partition = 11"
    ((offset, cluster),) = await numbering.query(place)
    await numbering.query(f"UPDATE positions SET {change} WHERE partition = 11")  # noqa: S608 - the tests' own words
    misplaced = await numbering.query(place)
    async with numbering.running() as running:
        await says(running, *words, f"{JOURNAL.name}[11]")
        assert (await running.readiness.faults())["consumer"].startswith("lecture arrêtée")
    assert await numbering.query(place) == misplaced
    repair = "UPDATE positions SET next_offset = :offset, cluster_id = :cluster WHERE partition = 11"
    await numbering.query(repair, offset=offset, cluster=cluster)
    async with numbering.running():
        await are_numbered_once(numbering, records)


async def test_what_cannot_be_read_of_one_partition_is_said_and_costs_no_fact_of_another(ground: Ground) -> None:
    numbering = ground.numbering
    damaged, sound, later = submissions(5), submissions(50), submissions(5)
    await numbering.write(9, damaged)
    for partition in range(5):
        await numbering.write(partition, sound[partition::5])
    with a_bit_wrong(ground.segment(9)) as mend:
        async with numbering.running() as running:
            with capture_logs() as lines:
                await says(running, "lecture en attente", "CorruptRecord")
                for partition in range(5):
                    await numbering.write(partition, [later[partition]])

                async def has_tried_again() -> bool:
                    return [line["event"] for line in lines].count("consumer.unreadable") > 2

                await until(has_tried_again, what="tried again")
            mend()
            await are_numbered_once(numbering, damaged + sound + later)
            await reads(running)


@contextlib.contextmanager
def a_bit_wrong(path: Path) -> Iterator[Callable[[], None]]:
    """In the last record so far, as after a disk's fault, until it is mended. The broker keeps no copy of its own."""
    place = path.stat().st_size - 10

    def flip() -> None:
        with path.open("r+b") as file:
            file.seek(place)
            (byte,) = file.read(1)
            file.seek(place)
            file.write(bytes([byte ^ 1]))

    flip()
    yield flip


async def test_a_batch_in_hand_when_another_member_joins_is_handled_once(ground: Ground) -> None:
    first, second = ground.numbering, ground.numbering.replica()
    records = submissions(48)
    async with first.running() as one:
        await reads(one)
        async with first.no_batch_ends():
            for partition in range(24):
                await first.write(partition, records[partition::24])
            await first.batches_in_hand(1)
            joining = asyncio.create_task(_joined(second, records, ground))
            await first.batches_in_hand(2)
        await joining


async def _joined(member: Numbering, records: list[Raw], ground: Ground) -> None:
    async with member.running() as running:
        await are_numbered_once(member, records)

        async def has_its_part() -> bool:
            return 0 < len(running.consumer.expected) < JOURNAL.partitions

        # A member that was held up for too long was put out of the group, and joins it again.
        await until(has_its_part, what="a part of the partitions")
        after = submissions(24)
        for partition, record in enumerate(after):
            await member.write(partition, [record])
        await are_numbered_once(member, after)
