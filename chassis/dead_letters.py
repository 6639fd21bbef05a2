"""What could not be handled, kept whole in the service's own database, and told on the bus without its bytes.

While a procedure has an open dead letter that parks, its later facts wait in `parked_facts`, in order. Only a fact of
the journal that this service handles and could not apply parks: anything else could be forged to freeze a procedure.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from aiokafka import ConsumerRecord
from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.envelope import Event, encode, id_of
from infoparquet_contracts.identifiers import ServiceName
from infoparquet_contracts.operations import DeadLetter, position_subject
from infoparquet_contracts.overlap import said_also
from infoparquet_contracts.topics import DEAD_LETTERS
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import handover
from chassis.clock import new_id
from chassis.database import metadata
from chassis.errors import Unprocessable
from chassis.kept_records import columns_of, offset_in_its_log, place_columns, record_of
from chassis.outbox import Outgoing
from chassis.transaction import Transaction

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Uuid, primary_key=True),
    *place_columns(),
    Column("procedure_id", Uuid),
    Column("code", Text, nullable=False),
    Column("pointer", Text, nullable=False),
    Column("parks", Boolean, nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("tries", Integer, nullable=False, server_default="1"),
    Column("discarded", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("topic", "partition", "offset"),
    Index("dead_letters_open", "procedure_id", postgresql_where="parks AND closed_at IS NULL"),
    Index("dead_letters_discarded", "topic", "partition", "offset", postgresql_where="discarded"),
)

parked_facts = Table(
    "parked_facts",
    metadata,
    Column("id", Uuid, primary_key=True),
    *place_columns(),
    Column("procedure_id", Uuid, nullable=False, index=True),
    UniqueConstraint("topic", "partition", "offset"),
)

# One statement, since every batch asks. The first open letter of a procedure comes last, and counts.
_STANDING = text("""
    SELECT procedure_id, topic, partition, "offset", discarded FROM dead_letters
    WHERE parks AND closed_at IS NULL AND procedure_id = ANY(CAST(:procedures AS uuid[]))
    UNION ALL
    SELECT procedure_id, topic, partition, "offset", discarded FROM dead_letters
    WHERE discarded AND procedure_id = ANY(CAST(:procedures AS uuid[]))
    UNION ALL
    SELECT d.procedure_id, d.topic, d.partition, d."offset", d.discarded FROM dead_letters AS d
    JOIN unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]),
                CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[]))
         AS r (topic, partition, first, last)
        ON d.topic = r.topic AND d.partition = r.partition AND d."offset" BETWEEN r.first AND r.last
    WHERE d.discarded
    ORDER BY "offset" DESC
""")

# The first half of the two-part keys of advisory locks; the second names a procedure.
_LOCK = 0x1F0_9A3
_HOLD = """
    SELECT pg_advisory_xact_lock{}(CAST(:lock AS int), one)
    FROM (SELECT one FROM unnest(CAST(:procedures AS int[])) AS one ORDER BY one) AS in_order
"""
_HOLD_ALONE, _HOLD_SHARED = text(_HOLD.format("")), text(_HOLD.format("_shared"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in the log."""

    topic: str
    partition: int
    offset: int

    def is_behind(self, letter: "Place") -> bool:
        """Whether what stands here comes after; what comes before in its partition was applied."""
        return (self.topic, self.partition) != (letter.topic, letter.partition) or self.offset > letter.offset


def place_of(record: ConsumerRecord) -> Place:
    """A record's own."""
    return Place(record.topic, record.partition, record.offset)


@dataclass(frozen=True, slots=True)
class Standing:
    """Which procedures wait, each behind its first open letter, and which records were discarded for good.

    `given_up` are the ids of the procedures' discarded facts: they may be said again at another place.
    """

    frozen: dict[UUID, Place]
    discarded: frozenset[Place]
    given_up: frozenset[str | None] = frozenset()

    def is_discarded(self, record: ConsumerRecord) -> bool:
        """Whether it stays without effect for good."""
        return place_of(record) in self.discarded or (bool(self.given_up) and _event_id(record) in self.given_up)


async def standing(connection: AsyncConnection, procedures: Collection[UUID], places: Sequence[Place]) -> Standing:
    """How the letters stand for records of these procedures at these places; true until the transaction ends."""
    found = await _look(connection, procedures, places)
    if found.frozen:
        # Between our look and our commit a replay could close the letter and release what is parked: what we park
        # then would wait for nothing, for ever. So the procedures that wait, few if any, are held, and looked at again.
        await hold(connection, found.frozen, alone=False)
        found = await _look(connection, procedures, places)
    return found


async def _look(connection: AsyncConnection, procedures: Collection[UUID], places: Sequence[Place]) -> Standing:
    ranges: dict[tuple[str, int], list[int]] = {}
    for place in places:
        ranges.setdefault((place.topic, place.partition), []).append(place.offset)
    asked = {
        "procedures": list(procedures),
        "topics": [topic for topic, _ in ranges],
        "partitions": [partition for _, partition in ranges],
        "firsts": [min(offsets) for offsets in ranges.values()],
        "lasts": [max(offsets) for offsets in ranges.values()],
    }
    rows = (await connection.execute(_STANDING, asked)).all()
    theirs = {procedure for procedure, *_, discarded in rows if discarded} & {*procedures}
    return Standing(
        {procedure: Place(*place) for procedure, *place, discarded in rows if not discarded},
        frozenset(Place(*place) for _, *place, discarded in rows if discarded),
        await _ids_of(connection, dead_letters.c.procedure_id.in_(theirs)) if theirs else frozenset(),
    )


async def discarded_ids(connection: AsyncConnection, keys: Collection[bytes | None]) -> frozenset[str | None]:
    """The ids of the events of these keys that were discarded."""
    return await _ids_of(connection, dead_letters.c.key.in_(keys)) if keys else frozenset()


async def _ids_of(connection: AsyncConnection, which: ColumnElement[bool]) -> frozenset[str | None]:
    discarded = await connection.execute(select(dead_letters).where(dead_letters.c.discarded, which))
    return frozenset(_event_id(record_of(row)) for row in discarded) - {None}


def _event_id(record: ConsumerRecord) -> str | None:
    """The same whatever the version that the record is written in."""
    return said_also(record.headers) or id_of(record.headers, record.value)


async def hold(connection: AsyncConnection, procedures: Collection[UUID], *, alone: bool) -> None:
    """Keep the procedures' letters as they are until the transaction ends.

    Who parks holds them with others; who closes or releases holds them alone, before it looks at anything.
    """
    # The end of a UUIDv7 is random; two procedures that share it only wait for each other.
    names = sorted({int.from_bytes(one.bytes[-4:], "big", signed=True) for one in procedures})
    await connection.execute(_HOLD_ALONE if alone else _HOLD_SHARED, {"lock": _LOCK, "procedures": names})


async def bury(
    transaction: Transaction,
    service: ServiceName,
    record: ConsumerRecord,
    fault: Unprocessable,
    *,
    parks: UUID | None,
) -> bool:
    """Keep the record and tell the operators, once; `parks` is the procedure whose later facts wait.

    False where it was kept before: a letter that is closed stays closed, however often its record comes again.
    """
    values = {
        **columns_of(record, transaction.now),
        "id": transaction.new_id(),
        "procedure_id": parks,
        "code": fault.code.value,
        "pointer": fault.pointer,
        "parks": parks is not None,
    }
    kept = await transaction.connection.execute(insert(dead_letters).values(values).on_conflict_do_nothing())
    if kept.rowcount:
        transaction.say([_told(transaction, service, record, fault)])
    return bool(kept.rowcount)


async def park(transaction: Transaction, waiting: Sequence[tuple[UUID, ConsumerRecord]]) -> None:
    """Keep facts that wait for their procedure's dead letter."""
    for procedure, record in waiting:
        values = {**columns_of(record, transaction.now), "id": transaction.new_id(), "procedure_id": procedure}
        await transaction.connection.execute(insert(parked_facts).values(values).on_conflict_do_nothing())


def _told(transaction: Transaction, service: ServiceName, record: ConsumerRecord, fault: Unprocessable) -> Outgoing:
    data = DeadLetter(
        service=service,
        topic=record.topic,
        partition=record.partition,
        offset=offset_in_its_log(record.offset),
        digest=hashlib.sha256(record.value or b"").hexdigest(),
        code=fault.code,
        pointer=fault.pointer,
    )
    place = position_subject(record.topic, record.partition, record.offset)
    event = transaction.event(procedure_of(record.key) or place, data)
    # The same however often the record is read.
    return Outgoing(DEAD_LETTERS.name, encode(replace(event, id=uuid5(place, service))))


def refused_row(service: ServiceName, row: handover.Row, now: datetime) -> Outgoing:
    """What operators are told of an outbox row that the broker will never take; its bytes stay in the outbox."""
    data = DeadLetter(
        service=service,
        topic=row.topic,
        partition=None,
        offset=None,
        digest=hashlib.sha256(row.value).hexdigest(),
        code=DeadLetterCode.BROKER_REFUSED,
        pointer="",
    )
    event = Event(
        id=new_id(),
        source=f"/services/{service}",
        type=data.event_type,
        subject=procedure_of(row.key) or new_id(),
        time=now,
        data=data,
    )
    return Outgoing(DEAD_LETTERS.name, encode(event))


def procedure_of(key: bytes | None) -> UUID | None:
    """The procedure that a key names; a key that is anything else could hold anything, and goes nowhere."""
    try:
        return UUID((key or b"").decode())
    except ValueError:
        return None
