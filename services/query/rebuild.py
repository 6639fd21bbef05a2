"""Builds the read model anew from the journal beside the one that answers, then puts it in its place in one commit.

All of it happens on one connection, which holds a lock: when that is lost, whatever the reason, the view that answers
stays, and the next rebuild drops what was left. The live consumer and its positions go on as they were.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from infoparquet_contracts.topics import JOURNAL

from chassis.application import Application, Faulty
from chassis.clock import new_id, utc_now
from chassis.database import LONG_STATEMENT_SECONDS, expected_schema, open_engine, schema_of
from chassis.errors import Unavailable, sqlstate
from chassis.header_names import read_any_header_name
from chassis.kafka import KafkaProbe, KafkaSettings, log_reader, partitions_of
from chassis.metrics import Metrics
from chassis.reading import Reading
from chassis.sources import Source
from chassis.telemetry import Telemetry
from chassis.transaction import Transaction
from services.query.beside import Beside
from services.query.handlers import HANDLERS
from services.query.rebuilding import (
    MIGRATIONS,
    AnotherRebuilds,
    FactsMissing,
    LettersMoved,
    Occupied,
    OtherCluster,
    OtherSchema,
    Progress,
    Rebuilt,
)

LOOK_MS: Final = 500
LIMIT_SECONDS: Final = 10.0
# Places at most that are read in the transaction for which the live consumer waits.
FEW: Final = 2000
ATTEMPTS: Final = 5
_LOCK_NOT_AVAILABLE: Final = "55P03"

Places = Mapping[TopicPartition, int]
Keep = Callable[[Sequence[ConsumerRecord]], Awaitable[None]]


async def rebuild(url: str, kafka: KafkaSettings, tell: Callable[[Progress], None]) -> Rebuilt:
    """Rebuild the view of the database at `url`. Raises NotRebuilt, Unavailable, or what a lost connection raises."""
    engine = open_engine(url, name="infoparquet rebuild", connections=1, statement_seconds=LONG_STATEMENT_SECONDS)
    try:
        async with engine.connect() as connection, _journal(kafka) as reader:
            async with connection.begin():
                found, expected = await schema_of(connection), expected_schema(MIGRATIONS)
            if found != expected:
                raise OtherSchema(found, expected)
            beside = await Beside.locked(connection)
            if beside is None:
                raise AnotherRebuilds
            await _refuse_other_cluster(beside, kafka)
            return await _build(beside, url, reader, tell)
    finally:
        await engine.dispose()


async def _build(beside: Beside, url: str, reader: AIOKafkaConsumer, tell: Callable[[Progress], None]) -> Rebuilt:
    for _ in range(ATTEMPTS):
        await beside.begin_anew(url)
        firsts: Places = await reader.beginning_offsets(sorted(reader.assignment()))
        # An operator may decide about a dead letter meanwhile: what that changes is found out by building anew.
        with contextlib.suppress(LettersMoved):
            return await _Building(beside, reader, firsts, tell).run()
    raise LettersMoved


@contextlib.asynccontextmanager
async def _journal(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaConsumer]:
    read_any_header_name()
    try:
        async with log_reader(kafka, "infoparquet.query.rebuild") as reader:
            async with asyncio.timeout(LIMIT_SECONDS):
                await reader.start()
            reader.assign(partitions_of(JOURNAL))
            yield reader
    except KafkaError as error:
        dependency = "kafka"
        raise Unavailable(dependency) from error


async def _refuse_other_cluster(beside: Beside, kafka: KafkaSettings) -> None:
    probe = KafkaProbe(kafka, "query.rebuild")
    try:
        found = await probe.cluster_id()
    finally:
        await probe.close()
    read = await beside.live_cluster()
    if read is not None and read != found:
        raise OtherCluster(read, found)


@dataclass
class _Building:
    """One reading of the journal, from its beginning to where the live consumer stands."""

    beside: Beside
    reader: AIOKafkaConsumer
    firsts: Places
    tell: Callable[[Progress], None]
    at: dict[TopicPartition, int] = field(default_factory=dict)
    records: int = 0

    def __post_init__(self) -> None:
        source = Source(JOURNAL.name, HANDLERS)
        self._application = Application("query", {JOURNAL.name: source}, Telemetry("query", {}), Metrics())

    async def run(self) -> Rebuilt:
        """Catch up with the live consumer, then take its place under its eyes."""
        self._go_to(self.firsts, records=0)
        for _ in range(ATTEMPTS):
            await self._catch_up()
            await self.beside.analyse()
            at, records = dict(self.at), self.records
            try:
                async with self.beside.connection.begin():
                    return await self._switch()
            except Exception as error:
                if sqlstate(error) != _LOCK_NOT_AVAILABLE:
                    raise
                self._go_to(at, records=records)
        raise Occupied

    async def _catch_up(self) -> None:
        """Read until few places are left."""
        target = await self.beside.live_positions()
        while True:
            await self._read_to(target, self._apply_and_commit)
            target = await self.beside.live_positions()
            if _left(self.at, target) <= FEW:
                return

    async def _switch(self) -> Rebuilt:
        await self._read_to(await self.beside.hold_live(), self._apply)
        missing, example = await self.beside.missing_facts()
        # Asked last: what a replay shows in the old view alone is not missing from the journal.
        if await self.beside.letters_differ():
            raise LettersMoved
        if missing:
            raise FactsMissing(missing, example)
        procedures, facts = await self.beside.count()
        await self.beside.put_in_place()
        return Rebuilt(procedures, facts, self.records)

    async def _read_to(self, target: Places, keep: Keep) -> None:
        """All that stands before the target, and nothing behind it."""
        reading = Reading(self.reader.getmany)
        while _left(self.at, target):
            wanted = [one for one, offset in target.items() if self.at[one] < offset]
            found = await reading(*wanted, timeout_ms=LOOK_MS)
            page = [record for one, records in found.items() for record in records if record.offset < target[one]]
            if page:
                await keep(page)
                self.records += len(page)
            for one in wanted:
                self.at[one] = min(await self.reader.position(one), target[one])
                if self.at[one] == target[one]:
                    self.reader.seek(one, target[one])
            self.tell(self._progress(target))

    async def _apply_and_commit(self, page: Sequence[ConsumerRecord]) -> None:
        try:
            async with self.beside.connection.begin():
                await self._apply(page, careful=False)
        except Faulty:
            async with self.beside.connection.begin():
                await self._apply(page)

    async def _apply(self, page: Sequence[ConsumerRecord], *, careful: bool = True) -> None:
        # What it would say, of dead letters alone, was said when the record first came.
        transaction = Transaction(self.beside.connection, "/services/query", utc_now(), new_id)
        await self._application.apply(transaction, page, careful=careful)

    def _go_to(self, places: Places, *, records: int) -> None:
        self.at, self.records = dict(places), records
        for one, offset in places.items():
            self.reader.seek(one, offset)

    def _progress(self, target: Places) -> Progress:
        return Progress(_left(self.firsts, self.at), _left(self.firsts, target))


def _left(at: Places, target: Places) -> int:
    """How many places lie between."""
    return sum(max(0, offset - at[one]) for one, offset in target.items())
