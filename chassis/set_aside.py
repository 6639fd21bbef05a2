"""The journal's records that this service has read and not applied: letters, what waits behind them, unknown facts."""

from dataclasses import dataclass

from aiokafka import ConsumerRecord, TopicPartition
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.kept_records import LOGS_APART, record_of

MOST_AT_ONCE = 100

# One that stands in two of the tables comes once, and those of one place together.
_AFTER = text("""
    SELECT * FROM (
        SELECT topic, partition, "offset", key, value, headers FROM dead_letters WHERE closed_at IS NULL
        UNION SELECT topic, partition, "offset", key, value, headers FROM parked_facts
        UNION SELECT topic, partition, "offset", key, value, headers FROM unknown_facts) AS waiting
    WHERE topic = :journal AND (partition, "offset") > (:partition, :offset)
    ORDER BY partition, "offset" FETCH FIRST (:most) ROWS WITH TIES
""")

# What a procedure waits for goes with what waits: they keep their order. So does what went before.
_LEAVE = tuple(
    text(f"""
        UPDATE {table} SET "offset" = "offset" + :by
        WHERE topic = :topic AND partition = :partition AND ("offset" < 0 OR "offset" >= :kept OR {too})
    """)  # noqa: S608 - constants of this module
    for table, too in (("dead_letters", "parks"), ("parked_facts", "true"), ("unknown_facts", "false"))
)
# Below all logs, so that on the way no row comes to where another still is.
_AWAY = -(2**62)


@dataclass(frozen=True, slots=True)
class Reached:
    """How far they were gone through; before all of them where nothing is said."""

    partition: int = -1
    offset: int = 0


async def page(connection: AsyncConnection, after: Reached) -> tuple[list[ConsumerRecord], Reached]:
    """The next of them, each partition in the journal's order, and how far that is; empty at the end."""
    asked = {"partition": after.partition, "offset": after.offset, "journal": JOURNAL.name, "most": MOST_AT_ONCE}
    records = [record_of(row) for row in await connection.execute(_AFTER, asked)]
    return records, Reached(records[-1].partition, records[-1].offset) if records else after


async def leave(connection: AsyncConnection, one: TopicPartition, kept: int) -> None:
    """Clear the places of a partition from `kept` on, where others come to stand: the log is another, or ends there.

    Whatever comes from now on stands behind what waits; what left is known by its event's id.
    """
    for statement in _LEAVE:
        for by in (_AWAY, -_AWAY - LOGS_APART):
            moved = {"by": by, "topic": one.topic, "partition": one.partition, "kept": kept}
            await connection.execute(statement, moved)
