"""Facts of a newer release than this one: kept as they came, until a release that has learnt them takes them out.

They hold nothing back, since a service cannot say whether a fact concerns it before it knows it.
"""

from collections.abc import Collection

from aiokafka import ConsumerRecord
from sqlalchemy import Column, Index, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import insert

from chassis.database import metadata
from chassis.kept_records import columns_of, place_columns, record_of
from chassis.transaction import Transaction

unknown_facts = Table(
    "unknown_facts",
    metadata,
    Column("id", Uuid, primary_key=True),
    *place_columns(),
    Column("type", Text, nullable=False),
    UniqueConstraint("topic", "partition", "offset"),
    Index("unknown_facts_type", "type"),
)

# Whoever takes a row deletes it: another replica waits for the end of that transaction, and finds it gone.
_TAKE = text("""
    DELETE FROM unknown_facts WHERE id IN (
        SELECT id FROM unknown_facts WHERE type = ANY(CAST(:types AS text[]))
        ORDER BY topic, partition, "offset" LIMIT :most)
    RETURNING topic, partition, "offset", key, value, headers
""")


async def keep(transaction: Transaction, record: ConsumerRecord, event_type: str) -> bool:
    """Keep a record, once; False where it was kept before."""
    values = {**columns_of(record, transaction.now), "id": transaction.new_id(), "type": event_type}
    kept = await transaction.connection.execute(insert(unknown_facts).values(values).on_conflict_do_nothing())
    return bool(kept.rowcount)


async def take(transaction: Transaction, types: Collection[str], most: int) -> list[ConsumerRecord]:
    """The first of these types, in the journal's order; they are gone when the transaction commits."""
    rows = await transaction.connection.execute(_TAKE, {"types": list(types), "most": most})
    return sorted((record_of(row) for row in rows), key=lambda one: (one.topic, one.partition, one.offset))
