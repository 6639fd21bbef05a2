"""The numbering service in this process, on a real broker and a real database: its consumer and its relay."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.database import open_engine
from chassis.service import Running, migrate_service
from deploy.local.ports import free_ports
from services.numbering.service import build
from services.numbering.settings import NumberingSettings
from tests.chassis.journal import Raw, write
from tests.processes import environment, until


@dataclass(frozen=True)
class Numbering:
    """A migrated service that may be run, stopped and run again; `port` names the replica."""

    settings: NumberingSettings

    @classmethod
    async def migrated(cls, bootstrap: str, database: str) -> "Numbering":
        """On an empty database; the topics are made where they are missing."""
        told = environment(bootstrap, database)
        settings = NumberingSettings(
            **{name.removeprefix("INFOPARQUET_").lower(): value for name, value in told.items()}  # type: ignore[arg-type]  # pydantic reads the text
        )
        await migrate_service(build(settings), settings)
        return cls(settings)

    def replica(self) -> "Numbering":
        """Another process's settings, on the same database."""
        (port,) = free_ports(1)
        return Numbering(self.settings.model_copy(update={"listen": f"127.0.0.1:{port}"}))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Running]:
        """Consumer and relay, until the block is left; the batch in hand is finished or rolled back."""
        one = Running(build(self.settings), self.settings)
        tasks = [asyncio.create_task(work) for work in (one.relay_bell.run(), one.facts_applied.run(), one.relay.run())]
        try:
            await one.consumer.start()
            yield one
        finally:
            await one.consumer.stop()
            await one.relay.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await one.probe.close()
            await one.engine.dispose()
            await one.lock_engine.dispose()

    async def write(self, partition: int, records: list[Raw]) -> int:
        """Put records on the journal."""
        return await write(self.settings.kafka_bootstrap, JOURNAL.name, partition, records)

    async def query(self, statement: str, **values: Any) -> list[Any]:
        """Rows of its database, or the effect of a change."""
        engine = open_engine(self.settings.database_url, name="tests", connections=1)
        async with engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            rows = [tuple(row) for row in result] if result.returns_rows else []
        await engine.dispose()
        return rows

    @asynccontextmanager
    async def no_batch_ends(self) -> AsyncIterator[None]:
        """While the block lasts, a batch waits in the middle: its positions are moved, no number is kept."""
        engine = open_engine(self.settings.database_url, name="tests", connections=1)
        connection = await engine.connect()
        await connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        await connection.execute(text("LOCK TABLE numbers IN SHARE MODE"))
        try:
            yield
        finally:
            # Somebody may have ended the database meanwhile.
            with contextlib.suppress(DBAPIError):
                await connection.close()
            await engine.dispose()

    async def batches_in_hand(self, count: int) -> list[int]:
        """Wait until as many members of the group have begun a batch; their sessions' process ids."""

        async def wait() -> list[int]:
            waiting = "SELECT pid FROM pg_stat_activity WHERE application_name = :name AND wait_event_type = 'Lock'"
            found = [pid for (pid,) in await self.query(waiting, name="infoparquet numbering")]
            return found if len(found) == count else []

        return await until(wait, what=f"{count} batches wait in the middle")

    async def sequences(self) -> list[int]:
        """The sequences given so far, of all years, in order."""
        return [sequence for (sequence,) in await self.query("SELECT sequence FROM numbers ORDER BY year, sequence")]

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        ((rows,),) = await self.query(f"SELECT count(*) FROM {table}")  # noqa: S608 - the tests' own words
        return int(rows)

    async def reaches(self, partition: int, offset: int) -> None:
        """Wait until a partition was handled up to an offset, and all that was said of it is published."""

        async def there() -> bool:
            position = "SELECT next_offset FROM positions WHERE topic = :topic AND partition = :partition"
            rows = await self.query(position, topic=JOURNAL.name, partition=partition)
            return bool(rows) and rows[0][0] >= offset and await self.count("outbox") == 0

        await until(there, what=f"[{partition}] reaches {offset}")
