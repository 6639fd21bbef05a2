"""The journal's records that this service has read and not applied: letters, what waits behind them, unknown facts."""

from dataclasses import dataclass

from aiokafka import ConsumerRecord
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.kept_records import record_of

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
