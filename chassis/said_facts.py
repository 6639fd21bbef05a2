"""What this service has said to the journal, to the letter and for ever, and where the journal brought it back.

A row is written with the outbox row it speaks of. A delivery stands here under the id of its receipt, which is the
fact that the journal will carry; once that is heard it takes the delivery's place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from aiokafka import ConsumerRecord
from infoparquet_contracts.envelope import Record, id_of
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import metadata
from chassis.outbox import Outgoing, read_headers, written_headers
from chassis.transaction import Transaction

said_facts = Table(
    "said_facts",
    metadata,
    Column("place", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("procedure_id", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("headers", Text, nullable=False),
    Column("receipted", Boolean, nullable=False),
    Column("outbox_id", BigInteger, nullable=False),
    # When it was last given to the relay.
    Column("said_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    # Where the journal has it, None until it was heard.
    Column("partition", Integer),
    Column("offset", BigInteger),
    Index("said_facts_unheard", "said_at", postgresql_where="partition IS NULL"),
)

MOST_AT_ONCE = 1000

_GONE_FROM_OUTBOX = "NOT EXISTS (SELECT FROM outbox AS o WHERE o.id = s.outbox_id)"

_OVERDUE = text(f"""
    SELECT s.id FROM said_facts AS s
    WHERE s.partition IS NULL AND s.said_at < clock_timestamp() - CAST(:after AS interval) AND {_GONE_FROM_OUTBOX}
    ORDER BY s.said_at, s.place LIMIT :most
""")  # noqa: S608 - a constant of this module

# Whoever waited here for another that says the same again sees its `said_at`, and leaves the row alone.
_TAKE = text(f"""
    SELECT s.procedure_id, s.topic, s.value, s.headers, s.receipted FROM said_facts AS s
    WHERE s.id = ANY(CAST(:ids AS uuid[])) AND {_GONE_FROM_OUTBOX}
      AND s.said_at < clock_timestamp() - CAST(:after AS interval) AND (s.partition IS NULL OR :heard_too)
    ORDER BY array_position(CAST(:ids AS uuid[]), s.id) FOR UPDATE OF s
""")  # noqa: S608

# What this service said before it kept what it says, or before a backup that it was restored from, is learnt back.
_HEAR = text("""
    INSERT INTO said_facts AS s
        (id, procedure_id, topic, value, headers, receipted, outbox_id, said_at, partition, "offset")
    SELECT id, procedure_id, :topic, value, headers, false, 0, said_at, partition, "offset"
    FROM unnest(CAST(:ids AS uuid[]), CAST(:procedures AS uuid[]), CAST(:values AS bytea[]),
                CAST(:headers AS text[]), CAST(:times AS timestamptz[]), CAST(:partitions AS int[]),
                CAST(:offsets AS bigint[]))
         AS h (id, procedure_id, value, headers, said_at, partition, "offset")
    ON CONFLICT (id) DO UPDATE SET
        partition = excluded.partition, "offset" = excluded."offset", topic = excluded.topic, receipted = false,
        value = CASE WHEN s.receipted THEN excluded.value ELSE s.value END,
        headers = CASE WHEN s.receipted THEN excluded.headers ELSE s.headers END
    WHERE s.partition IS NULL
""")

_PAGE = text(f"""
    SELECT s.*, {_GONE_FROM_OUTBOX} AS published FROM said_facts AS s
    WHERE s.place > :after ORDER BY s.place LIMIT :most
""")  # noqa: S608


@dataclass(frozen=True, slots=True)
class Heard:
    """A fact of this service as the journal has it."""

    id: UUID
    record: ConsumerRecord

    @classmethod
    def of(cls, source: str, record: ConsumerRecord) -> Self | None:
        """None where another said it, or it cannot be read."""
        if not is_said_by(source, record):
            return None
        try:
            UUID(record.key.decode())
            return cls(UUID(id_of(record.headers, record.value)), record)
        except (AttributeError, TypeError, ValueError):
            return None


def is_said_by(source: str, record: ConsumerRecord) -> bool:
    """Whether a record is signed so."""
    return ("ce_source", source.encode()) in record.headers


async def overdue(connection: AsyncConnection, after: timedelta) -> list[UUID]:
    """What has left the outbox, was said longer ago than that, and was not heard: lost, or not yet read; in order."""
    return list((await connection.execute(_OVERDUE, {"after": after, "most": MOST_AT_ONCE})).scalars())


async def hear(connection: AsyncConnection, heard: Iterable[Heard]) -> None:
    """Note where the journal has these; one that stands there twice is where it stood first."""
    firsts: dict[UUID, ConsumerRecord] = {}
    for one in heard:
        firsts.setdefault(one.id, one.record)
    if not firsts:
        return
    values = {
        "topic": JOURNAL.name,
        "ids": list(firsts),
        "procedures": [UUID(record.key.decode()) for record in firsts.values()],
        "values": [record.value for record in firsts.values()],
        "headers": [written_headers(record.headers) for record in firsts.values()],
        "times": [datetime.fromtimestamp(record.timestamp / 1000, UTC) for record in firsts.values()],
        "partitions": [record.partition for record in firsts.values()],
        "offsets": [record.offset for record in firsts.values()],
    }
    await connection.execute(_HEAR, values)


async def say_again(
    transaction: Transaction, ids: Sequence[UUID], after: timedelta = timedelta(0), *, heard_too: bool = False
) -> int:
    """Say these to the letter, in the order given, but what waits in the outbox; how many that were."""
    chosen = {"ids": list(ids), "after": after, "heard_too": heard_too}
    taken = (await transaction.connection.execute(_TAKE, chosen)).all()
    transaction.say(_outgoing(row) for row in taken)
    return len(taken)


async def page(connection: AsyncConnection, after: int, most: int) -> Sequence[Any]:
    """What was said after that place, in order; `published` tells what has left the outbox."""
    return (await connection.execute(_PAGE, {"after": after, "most": most})).all()


async def unsay(connection: AsyncConnection, fact: UUID, outbox_id: int) -> None:
    """Forget what an operator decided nobody shall receive, if it was not said again since."""
    which = said_facts.c.id == fact, said_facts.c.outbox_id == outbox_id
    await connection.execute(said_facts.delete().where(*which))


def _outgoing(row: Any) -> Outgoing:  # noqa: ANN401 - a row of the statement above
    record = Record(str(row.procedure_id).encode(), row.value, read_headers(row.headers))
    return Outgoing(row.topic, record, row.receipted, again=True)
