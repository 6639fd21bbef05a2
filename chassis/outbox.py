"""What a service has to say, in the same database as what it did: rows that the relay publishes once, in order.

A row's place in the order is its id. Whoever appends for a procedure holds the lock on that procedure's row, so the
ids of one procedure's rows follow the order of its changes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infoparquet_contracts.envelope import Event, Record
from infoparquet_contracts.overlap import written
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    func,
    insert,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("key", LargeBinary),
    Column("value", LargeBinary, nullable=False),
    Column("headers", Text, nullable=False),
    Column("receipted", Boolean, nullable=False),
    Column("batch", BigInteger),
    Column("refusal", Text),
    Column("appended_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index("outbox_batch", "batch", postgresql_where="batch IS NOT NULL"),
    # The claim reads what is unclaimed in order, however much else is there.
    Index("outbox_unclaimed", "id", postgresql_where="batch IS NULL"),
    Index("outbox_refused", "key", postgresql_where="refusal IS NOT NULL"),
)

relay_state = Table(
    "relay",
    metadata,
    # One row: the number of the last batch claimed.
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("batch", BigInteger, nullable=False),
)

suspended_topics = Table(
    "suspended_topics",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record for a topic; `receipted` asks the relay to say in the same Kafka transaction where it was put."""

    topic: str
    record: Record
    receipted: bool = False


def to_journal(*events: Event[Any]) -> list[Outgoing]:
    """Events as facts of the journal, each in the versions in force. Raises EventTooLarge above 256 KiB."""
    return [Outgoing(JOURNAL.name, record) for event in events for record in written(event)]


async def append(connection: AsyncConnection, outgoing: Sequence[Outgoing]) -> None:
    """Add rows in the order given; they are published if and only if the transaction commits."""
    if not outgoing:
        return
    rows = [
        {
            "topic": one.topic,
            "key": one.record.key,
            "value": one.record.value,
            "headers": json.dumps([[name, value.decode()] for name, value in one.record.headers]),
            "receipted": one.receipted,
        }
        for one in outgoing
    ]
    await connection.execute(insert(outbox), rows)
