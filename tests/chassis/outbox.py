"""An outbox and its relays in this process, on a real broker and a real database, with a clock that tests set."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infoparquet_contracts.identifiers import ServiceName
from infoparquet_contracts.operations import RelayBatch
from infoparquet_contracts.topics import DEAD_LETTERS, JOURNAL, relay_topic
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import outbox
from chassis.crash import CrashPoints
from chassis.database import open_engine, open_lock_engine
from chassis.doorbell import Doorbell
from chassis.kafka import KafkaSettings
from chassis.metrics import Metrics
from chassis.outbox import Outgoing
from chassis.recall import Recall
from chassis.recollecting import Nothing
from chassis.relay import Relay, RelayParts
from chassis.room import Room
from chassis.telemetry import Telemetry
from chassis.transaction import Transactions
from services.routing.delivery import receipt
from tests.builders import NOON
from tests.chassis.journal import committed
from tests.processes import until


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Outbox:
    """Routing's outbox, as only routing's relay writes receipts."""

    engine: AsyncEngine
    database: str
    bootstrap: str
    bell: Doorbell
    clock: Clock = field(default_factory=Clock)

    async def append(self, rows: Sequence[Outgoing]) -> None:
        """In one transaction, then ring."""
        async with self.engine.begin() as connection:
            await outbox.append(connection, rows)
        self.bell.ring()

    async def rows(self, statement: str) -> list[Any]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement))]

    async def change(self, statement: str) -> int:
        """The number of rows it changed."""
        async with self.engine.begin() as connection:
            return (await connection.execute(text(statement))).rowcount

    async def is_left(self, count: int) -> None:
        """Wait until the outbox holds no more than what is held back."""

        async def there() -> bool:
            return await self.rows("SELECT count(*) FROM outbox") == [(count,)]

        await until(there, what=f"{count} rows left")

    async def batches(self) -> list[int]:
        """The numbers that were committed with a batch each."""
        return [
            RelayBatch.model_validate_json(record.value).batch
            for record in await committed(self.bootstrap, relay_topic("routing"))
        ]

    @asynccontextmanager
    async def relay(self, *holds_back_for: ServiceName) -> AsyncIterator[Relay]:
        """A candidate, until the block is left."""
        lock_engine = open_lock_engine(self.database, name="tests relay")
        kafka = KafkaSettings(bootstrap=self.bootstrap)
        room = Room(2**30, Metrics())
        transactions = Transactions(self.engine, service="routing", relay_bell=self.bell, room=room)
        relay = Relay(
            RelayParts(
                "routing",
                lock_engine,
                kafka,
                self.bell,
                receipt,
                CrashPoints(),
                Telemetry("tests", {}),
                Metrics(),
                self.clock,
                Recall(kafka, [JOURNAL, DEAD_LETTERS], Nothing, transactions.within),
                holds_back_for,
            )
        )
        running = asyncio.create_task(relay.run())
        try:
            yield relay
            assert not running.done(), "the relay has given up"
        finally:
            await relay.stop()
            await running
            await lock_engine.dispose()


async def is_active(relay: Relay) -> None:
    async def there() -> bool:
        return relay.active

    await until(there, what="active")


@asynccontextmanager
async def opened(database: str, bootstrap: str) -> AsyncIterator[Outbox]:
    """On a database that has the chassis's tables."""
    engine = open_engine(database, name="tests", connections=3)
    yield Outbox(engine, database, bootstrap, Doorbell(engine, "outbox"))
    await engine.dispose()
