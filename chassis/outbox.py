"""What a service has to say, in the same database as what it did: rows that the relay publishes once, in order.

A row's place in the order is its id. Whoever appends for a procedure holds the lock on that procedure's row, so the
ids of one procedure's rows follow the order of its changes.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from infoparquet_contracts.envelope import Event, Record, id_of
from infoparquet_contracts.identifiers import receipt_id
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
    false,
    func,
    text,
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
    Column("urgent", Boolean, nullable=False, server_default=false()),
    Index("outbox_batch", "batch", postgresql_where="batch IS NOT NULL"),
    # The claim reads what is unclaimed in order, however much else is there.
    Index("outbox_unclaimed", "id", postgresql_where="batch IS NULL"),
    Index("outbox_refused", "key", postgresql_where="refusal IS NOT NULL"),
    # What goes first, and what of its procedure it may not overtake.
    Index("outbox_urgent", "id", postgresql_where="batch IS NULL AND urgent"),
    Index("outbox_ordinary", "key", "id", postgresql_where="batch IS NULL AND NOT urgent"),
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
    """A record for a topic; `receipted` asks the relay to say in the same Kafka transaction where it was put.

    What is `urgent` goes before what waits of other procedures, and never before what waits of its own.
    `again`: it is known to have been said, and is to be said once more.
    """

    topic: str
    record: Record
    receipted: bool = False
    urgent: bool = False
    again: bool = False


# What the journal will carry is kept beside (`said_facts`), in the same statement: it is looked for there later.
_APPEND = text("""
    WITH given AS MATERIALIZED (
        SELECT g.*, row_number() OVER (ORDER BY ordinal) AS place
        FROM unnest(CAST(:topics AS text[]), CAST(:keys AS bytea[]), CAST(:values AS bytea[]),
                    CAST(:headers AS text[]), CAST(:receipted AS boolean[]), CAST(:urgent AS boolean[]),
                    CAST(:ids AS uuid[]), CAST(:new AS uuid[]))
             WITH ORDINALITY AS g (topic, key, value, headers, receipted, urgent, id, new, ordinal)
        WHERE NOT EXISTS (SELECT FROM recalled AS r WHERE r.id = g.new)),
    put AS (
        INSERT INTO outbox (topic, key, value, headers, receipted, urgent)
        SELECT topic, key, value, headers, receipted, urgent FROM given ORDER BY place RETURNING id),
    placed AS (SELECT id AS outbox_id, row_number() OVER (ORDER BY id) AS place FROM put)
    INSERT INTO said_facts (id, procedure_id, topic, value, headers, receipted, outbox_id)
    SELECT id, CAST(convert_from(key, 'UTF8') AS uuid), topic, value, headers, receipted, outbox_id
    FROM given JOIN placed USING (place) WHERE id IS NOT NULL ORDER BY place
    ON CONFLICT (id) DO UPDATE SET outbox_id = excluded.outbox_id, said_at = clock_timestamp()
""")


def to_journal(*events: Event[Any], urgent: bool = False) -> list[Outgoing]:
    """Events as facts of the journal, each in the versions in force. Raises EventTooLarge above 256 KiB."""
    return [Outgoing(JOURNAL.name, record, urgent=urgent) for event in events for record in written(event)]


async def append(connection: AsyncConnection, outgoing: Sequence[Outgoing]) -> None:
    """Add rows in the order given; they are published if and only if the transaction commits.

    What was said before a backup that the database was restored from is left out.
    """
    if not outgoing:
        return
    facts = {fact_id(one): place for place, one in reversed(list(enumerate(outgoing)))}
    places = {place: fact for fact, place in facts.items()}
    values = {
        "topics": [one.topic for one in outgoing],
        "keys": [one.record.key for one in outgoing],
        "values": [one.record.value for one in outgoing],
        "headers": [written_headers(one.record.headers) for one in outgoing],
        "receipted": [one.receipted for one in outgoing],
        "urgent": [one.urgent for one in outgoing],
        # One that is said twice at once is kept once.
        "ids": [places.get(place) for place in range(len(outgoing))],
        "new": [None if one.again else said_id(one) for one in outgoing],
    }
    await connection.execute(_APPEND, values)


def written_headers(headers: Iterable[tuple[str, bytes | None]]) -> str:
    """A record's headers as a row keeps them."""
    return json.dumps([[name, value.decode()] for name, value in headers if value is not None])


def read_headers(written: str) -> tuple[tuple[str, bytes], ...]:
    """Headers that a row keeps, as a record has them."""
    return tuple((name, value.encode()) for name, value in json.loads(written))


def said_id(one: Outgoing) -> UUID | None:
    """The `ce_id` of a record."""
    said = id_of(one.record.headers, one.record.value)
    return None if said is None else UUID(said)


def fact_id(one: Outgoing) -> UUID | None:
    """The `ce_id` that the journal will carry because of this row, None where it will carry none."""
    said = said_id(one) if one.receipted or one.topic == JOURNAL.name else None
    return receipt_id(said) if said is not None and one.receipted else said
