"""A journal, a consumer's transactions and an operator's, on a real database, with a handler that fails where told."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiokafka import ConsumerRecord
from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.envelope import Event, encode
from infoparquet_contracts.facts import Routed, Submitted
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import replay
from chassis.application import Application, Faulty
from chassis.database import open_engine
from chassis.decisions import Order
from chassis.doorbell import Doorbell
from chassis.errors import Unprocessable
from chassis.identity import Caller
from chassis.metrics import Metrics
from chassis.outbox import Outgoing
from chassis.replay import Outcome
from chassis.room import Room
from chassis.sources import Source
from chassis.telemetry import Telemetry
from chassis.transaction import Transaction, Transactions
from tests.builders import NOON, a_submission, an_event

OPERATOR = Caller("agent-7", "operator", "", frozenset({"operator"}))
TABLES = "applied, outbox, said_facts, dead_letters, parked_facts, dead_letter_decisions"


@dataclass
class Letters:
    """One partition of the journal and the service that reads it; `failing` holds the facts it cannot apply today."""

    engine: AsyncEngine
    journal: list[ConsumerRecord] = field(default_factory=list)
    failing: set[UUID] = field(default_factory=set)
    position: int = 0

    def __post_init__(self) -> None:
        self.transactions = Transactions(
            self.engine,
            service="numbering",
            relay_bell=Doorbell(self.engine, "outbox"),
            room=Room(2**30, Metrics()),
            clock=lambda: NOON,
        )
        journal = Source(JOURNAL.name, {Submitted: self._note, Routed: self._note})
        self.application = Application("numbering", {JOURNAL.name: journal}, Telemetry("numbering", {}), Metrics())

    async def empty(self) -> None:
        """As after the first migration."""
        await self.do("CREATE TABLE IF NOT EXISTS applied (id uuid PRIMARY KEY, procedure_id uuid, place serial)")
        await self.do(f"TRUNCATE {TABLES}")

    async def _note(self, transaction: Transaction, events: Sequence[Event[Any]]) -> list[Outgoing]:
        for event in events:
            if event.id in self.failing:
                raise Unprocessable(DeadLetterCode.UNPROCESSABLE, "/reference")
            await transaction.connection.execute(
                text("INSERT INTO applied (id, procedure_id) VALUES (:id, :procedure) ON CONFLICT DO NOTHING"),
                {"id": event.id, "procedure": event.subject},
            )
        return []

    def write(self, procedure: UUID, *, fails: bool = False) -> UUID:
        """One more fact on the journal; its id."""
        event = an_event(a_submission(), subject=procedure)
        record = encode(event)
        self.put(record.key, record.value, record.headers)
        if fails:
            self.failing.add(event.id)
        return event.id

    def put(self, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> None:
        """One more record on the journal, whatever it is."""
        record = ConsumerRecord(
            topic=JOURNAL.name, partition=0, offset=len(self.journal), timestamp=0, timestamp_type=0, key=key,
            value=value, checksum=None, serialized_key_size=0, serialized_value_size=0, headers=tuple(headers),
        )  # fmt: skip
        self.journal.append(record)

    async def read(self, most: int = 1000) -> None:
        """The consumer's next batch, as it applies it."""
        batch = self.journal[self.position : self.position + most]
        for careful in (False, True):
            try:
                async with self.transactions.begin() as transaction:
                    await self.application.apply(transaction, batch, careful=careful)
                break
            except Faulty:
                continue
        self.position += len(batch)

    async def replay(self, letter: UUID) -> Outcome:
        """An operator's."""
        async with self.transactions.begin() as transaction:
            return await self.replay_within(transaction, letter)

    async def replay_within(self, transaction: Transaction, letter: UUID) -> Outcome:
        """The same, not committed yet."""
        return await replay.replay(self.application, transaction, letter, Order(OPERATOR))

    async def discard(self, letter: UUID, reason: str = "sans objet") -> Outcome:
        """An operator's."""
        async with self.transactions.begin() as transaction:
            return await replay.discard(self.application, transaction, letter, Order(OPERATOR, reason))

    async def do(self, statement: str, **values: Any) -> list[Any]:
        """Rows of the database, or the effect of a change."""
        async with self.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    async def applied(self, procedure: UUID) -> list[UUID]:
        """The facts that had their effect, in order."""
        rows = "SELECT id FROM applied WHERE procedure_id = :procedure ORDER BY place"
        return [one for (one,) in await self.do(rows, procedure=procedure)]

    async def open_letters(self) -> list[UUID]:
        """In the journal's order."""
        return [
            one for (one,) in await self.do('SELECT id FROM dead_letters WHERE closed_at IS NULL ORDER BY "offset"')
        ]

    async def parked(self) -> list[int]:
        """The offsets of what waits."""
        return [one for (one,) in await self.do('SELECT "offset" FROM parked_facts ORDER BY "offset"')]


@asynccontextmanager
async def open_letters(database: str, connections: int) -> AsyncIterator[Letters]:
    """Of a database that is emptied first."""
    engine = open_engine(database, name="tests", connections=connections)
    one = Letters(engine)
    await one.empty()
    yield one
    await engine.dispose()
