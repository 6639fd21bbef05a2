"""Backups of a service's database, put back in its place; and what its relay then reads back of the topics."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiokafka import ConsumerRecord
from infoparquet_contracts.topics import DEAD_LETTERS, JOURNAL
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.recollecting import Recollecting
from chassis.transaction import Transaction
from tests.services.in_process import InProcess

_TABLES = text("""
    SELECT c.table_name, string_agg(quote_ident(c.column_name), ', ') FROM information_schema.columns AS c
    JOIN information_schema.tables AS t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
      AND c.table_name <> 'alembic_version'
    GROUP BY 1 ORDER BY array_position(ARRAY['procedures', 'documents'], c.table_name::text), 1
""")


async def back_up(service: InProcess) -> None:
    """As of now; the one before is forgotten."""
    async with service.running.engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA IF EXISTS backup CASCADE"))
        await connection.execute(text("CREATE SCHEMA backup"))
        for table, _ in await _tables(connection):
            await connection.execute(text(f"CREATE TABLE backup.{table} AS TABLE public.{table}"))


async def put_back(service: InProcess) -> None:
    """The rows of the backup in the place of all there are."""
    async with service.running.engine.begin() as connection:
        tables = await _tables(connection)
        await connection.execute(text(f"TRUNCATE {', '.join(table for table, _ in tables)}"))
        for table, columns in tables:
            await connection.execute(
                text(f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM backup.{table}")  # noqa: S608
            )


async def recollect(service: InProcess, topics: Mapping[str, Sequence[ConsumerRecord]], page: int = 3) -> None:
    """Read back what the service writes, as `chassis.recall` does."""
    running = service.running
    own = [JOURNAL.name, DEAD_LETTERS.name, *(topic.name for topic in running.service.own_topics)]
    within = running.transactions.within
    async with running.engine.begin() as connection:
        recollecting = await Recollecting.begin(within(connection), running.service.recollection())
    await _until_done(service, recollecting.take_up_set_aside)
    for topic in own:
        records = topics.get(topic, ())
        for start in range(0, len(records), page):
            async with running.engine.begin() as connection:
                await recollecting.take_up(within(connection), records[start : start + page])
    await _until_done(service, recollecting.go_on)


async def _until_done(service: InProcess, step: Callable[[Transaction], Awaitable[bool]]) -> None:
    more = True
    while more:
        async with service.running.engine.begin() as connection:
            more = await step(service.running.transactions.within(connection))


async def _tables(connection: AsyncConnection) -> list[tuple[str, str]]:
    return [(table, columns) for table, columns in await connection.execute(_TABLES)]
