"""The tables of a view that is built beside the one that answers: in a schema of their own, under the same names.

Whoever works there sets its search path to that schema, so that handlers and migrations are those of the service.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from aiokafka import TopicPartition
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import migration
from chassis.migration import migrate
from services.query.rebuilding import MIGRATIONS, LettersMoved

SCHEMA: Final = "rebuild"
# Any constant will do, other than the relay's and the migrations'.
LOCK: Final = 0x1F0_9A4
# In the order in which readers and handlers come to them.
TABLES: Final = ("procedures", "timeline", "occurrences", "figures")

_LETTERS: Final = 'SELECT topic, partition, "offset", closed_at IS NULL, discarded FROM {}.dead_letters'
_HERE, _THERE = _LETTERS.format("{here}"), _LETTERS.format("{live}")
_LETTERS_DIFFER: Final = f"({_HERE} EXCEPT {_THERE}) UNION ALL ({_THERE} EXCEPT {_HERE}) LIMIT 1"
_SET_UNFED_ASIDE: Final = """
    CREATE TABLE {here}.unfed AS SELECT n.*, row_number() OVER (ORDER BY n.seq) AS place FROM {here}.feed AS n
    WHERE NOT EXISTS (SELECT FROM {live}.feed AS o WHERE o.event_id = n.event_id)
"""
_FEED_UNFED: Final = """
    INSERT INTO {live}.feed
    SELECT (SELECT last FROM {live}.feed_end) - (SELECT count(*) FROM {here}.unfed) + place,
           (SELECT max(stamp) FROM {here}.unfed), event_id, procedure_id, administration, reference, tribunal, number,
           type, source, time, data, newer, why_not
    FROM {here}.unfed ON CONFLICT (event_id) DO NOTHING
"""


@dataclass(frozen=True)
class Beside:
    """Works on a connection that holds the lock; `live` is the schema whose tables answer."""

    connection: AsyncConnection
    live: str

    @classmethod
    async def locked(cls, connection: AsyncConnection) -> Self | None:
        """None while another connection holds the lock."""
        async with connection.begin():
            held = (await connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK})).scalar()
            live = (await connection.execute(text("SELECT quote_ident(current_schema())"))).scalar_one()
        return cls(connection, live) if held else None

    async def begin_anew(self, url: str) -> None:
        """Empty tables; what operators decided about the journal's records holds for them too."""
        async with self.connection.begin():
            await self._execute("DROP SCHEMA IF EXISTS {here} CASCADE")
            await self._execute("CREATE SCHEMA {here}")
            await self._execute("SET search_path TO {here}")
            # After a crash of the server they are made anew; only the switch has to last.
            await self._execute("SET synchronous_commit TO off")
        await migrate(url, MIGRATIONS, beside=SCHEMA)
        async with self.connection.begin():
            await self._execute("INSERT INTO {here}.dead_letters SELECT * FROM {live}.dead_letters")

    async def live_cluster(self) -> str | None:
        """The cluster whose journal the live consumer reads, None where it has read of none."""
        async with self.connection.begin():
            rows = await self._execute("SELECT cluster_id FROM {live}.positions LIMIT 1")
        return rows[0].cluster_id if rows else None

    async def live_positions(self) -> dict[TopicPartition, int]:
        """Where the live consumer stands in the journal."""
        async with self.connection.begin():
            return await self._positions()

    async def hold_live(self) -> dict[TopicPartition, int]:
        """The same, and it stays there until the transaction ends; no migration begins meanwhile."""
        await self._execute("SELECT pg_advisory_xact_lock(:lock)", lock=migration.LOCK)
        return await self._positions("FOR UPDATE")

    async def letters_differ(self) -> bool:
        """Whether the dead letters are not those that the new tables were built with."""
        return bool(await self._execute(_LETTERS_DIFFER))

    async def missing_facts(self) -> tuple[int, str]:
        """How many facts the live view shows and the new one does not, and the id of one."""
        missing = """
            SELECT count(*) AS facts, CAST(min(CAST(o.id AS text)) AS text) AS example FROM {live}.timeline AS o
            WHERE NOT EXISTS (SELECT FROM {here}.timeline AS n WHERE n.id = o.id)"""
        await self._execute("SET LOCAL statement_timeout TO '10min'")
        (row,) = await self._execute(missing)
        return row.facts, row.example

    async def put_in_place(self) -> None:
        """The new tables under the live names, at the end of the transaction; fails where readers keep the old ones.

        The feed stays as it is, whatever order the journal was read in: what it lacks of the new view comes at its end.
        Raises LettersMoved.
        """
        await self._execute("SET LOCAL synchronous_commit TO on")
        # Before the tables are taken from their readers.
        await self._execute(_SET_UNFED_ASIDE)
        await self._execute("SET LOCAL lock_timeout TO '2s'")
        for table in TABLES:
            await self._execute(f"DROP TABLE {self.live}.{table}")
        # Only now has whoever decided about a letter in the old tables committed; who comes later finds the new ones.
        if await self.letters_differ():
            raise LettersMoved
        for table in TABLES:
            await self._execute(f"ALTER TABLE {SCHEMA}.{table} SET SCHEMA {self.live}")
        # Last: whoever appends meanwhile holds the end of the feed, and is done with the tables.
        await self._execute("UPDATE {live}.feed_end SET last = last + (SELECT count(*) FROM {here}.unfed)")
        await self._execute(_FEED_UNFED)
        await self._execute("DROP SCHEMA {here} CASCADE")

    async def analyse(self) -> None:
        """Have the planner know the new tables before anybody asks them."""
        async with self.connection.begin():
            await self._execute("SET LOCAL statement_timeout TO '10min'")
            for table in TABLES:
                await self._execute(f"ANALYZE {SCHEMA}.{table}")

    async def count(self) -> tuple[int, int]:
        """The procedures and the facts of the new view."""
        counts = [await self._execute(f"SELECT count(*) AS rows FROM {SCHEMA}.{table}") for table in TABLES]  # noqa: S608
        return counts[0][0].rows, counts[1][0].rows

    async def _positions(self, hold: str = "") -> dict[TopicPartition, int]:
        statement = "SELECT partition, next_offset FROM {live}.positions WHERE topic = :topic ORDER BY partition "
        rows = await self._execute(statement + hold, topic=JOURNAL.name)
        return {TopicPartition(JOURNAL.name, row.partition): row.next_offset for row in rows}

    async def _execute(self, statement: str, **values: object) -> Sequence[Row[Any]]:
        """`{here}` and `{live}` in the statement are the two schemas."""
        result = await self.connection.execute(text(statement.format(here=SCHEMA, live=self.live)), values)
        return result.all() if result.returns_rows else []
