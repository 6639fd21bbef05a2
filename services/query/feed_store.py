"""The feed: every fact of a procedure that is known, in one order, which never changes once it is committed.

Whoever appends holds the end of the feed until its transaction ends: numbers are seen in their order, so that nothing
comes later before what was read. It is kept outside of the view that a rebuild replaces, with the facts themselves.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Select,
    Table,
    Text,
    Uuid,
    select,
    text,
)
from sqlalchemy import true as always
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.errors import Refused
from services.query.rights import Everything, OfAdministration, OfTribunal, Sight
from services.query.store import metadata
from services.query.timeline import Told

feed = Table(
    "feed",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    # One for each transaction that appends: who finds it again finds all that stood before it.
    Column("stamp", BigInteger, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("procedure_id", Uuid, nullable=False),
    Column("administration", Text, nullable=False),
    Column("reference", Text, nullable=False),
    # The court that had the procedure in hand, or let go of it by this very fact.
    Column("tribunal", Text),
    Column("number", Text),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("data", JSONB, nullable=False),
    Column("newer", JSONB),
    Column("why_not", Text),
    Index("feed_event", "event_id", unique=True),
)

feed_end = Table(
    "feed_end",
    metadata,
    Column("only_one", Boolean, CheckConstraint("only_one"), primary_key=True, server_default=always()),
    Column("last", BigInteger, nullable=False),
)

# `behind`: facts are there that the release before added, or whose procedure has begun only now.
_TAKE: Final = text("""
    UPDATE feed_end SET last = last + :count
    RETURNING last - :count AS before, EXISTS (
        SELECT FROM timeline AS t JOIN procedures AS p ON p.id = t.procedure_id WHERE NOT t.fed) AS behind
""")
_APPEND: Final = text("""
    INSERT INTO feed (seq, stamp, event_id, procedure_id, administration, reference, tribunal, number, type, source,
                      time, data, newer, why_not)
    SELECT :before + e.place, :stamp, t.id, t.procedure_id, p.administration, p.reference, e.tribunal, e.number,
           t.type, t.source, t.time, t.data, t.newer, t.why_not
    FROM unnest(CAST(:ids AS uuid[]), CAST(:tribunals AS text[]), CAST(:numbers AS text[])) WITH ORDINALITY
         AS e (id, tribunal, number, place)
    JOIN timeline AS t ON t.id = e.id JOIN procedures AS p ON p.id = t.procedure_id
    ON CONFLICT (event_id) DO NOTHING
""")
# What a court had in hand follows from the deliveries and declines that had an effect.
_CATCH_UP: Final = text("""
    WITH told AS (
        SELECT t.*, p.administration, p.reference,
               CASE WHEN t.why_not IS NULL THEN split_part(t.type, '.', 5) END AS fact
        FROM timeline AS t JOIN procedures AS p ON p.id = t.procedure_id
        WHERE t.procedure_id IN (SELECT procedure_id FROM timeline WHERE NOT fed)),
    marked AS (
        SELECT *, CASE fact WHEN 'delivered' THEN data ->> 'tribunal' WHEN 'declined' THEN '' END AS held FROM told),
    cut AS (SELECT *, count(held) OVER (PARTITION BY procedure_id ORDER BY place) AS holder FROM marked),
    whole AS (
        SELECT *, CASE WHEN fact = 'declined' THEN data ->> 'tribunal'
                       ELSE nullif(max(held) OVER (PARTITION BY procedure_id, holder), '') END AS tribunal,
               max(CASE WHEN fact = 'numbered' THEN data ->> 'number' END)
                   OVER (PARTITION BY procedure_id ORDER BY place) AS number
        FROM cut),
    now_fed AS (UPDATE timeline SET fed = true WHERE id IN (SELECT id FROM whole WHERE NOT fed)),
    added AS (
        INSERT INTO feed (seq, stamp, event_id, procedure_id, administration, reference, tribunal, number, type, source,
                          time, data, newer, why_not)
        SELECT (SELECT last FROM feed_end) + row_number() OVER (ORDER BY place), :stamp, id, procedure_id,
               administration, reference, tribunal, number, type, source, time, data, newer, why_not
        FROM whole WHERE NOT fed
        ON CONFLICT (event_id) DO NOTHING
        RETURNING seq)
    UPDATE feed_end SET last = greatest(last, (SELECT max(seq) FROM added))
""")
_STAMP_AT: Final = text("SELECT stamp FROM feed WHERE seq = :seq")


@dataclass(frozen=True, slots=True)
class Place:
    """Right after the row of that number and stamp."""

    seq: int
    stamp: int


BEGINNING: Final = Place(0, 0)


@dataclass(frozen=True, slots=True)
class Scope:
    """What somebody follows: all that it may see, or one procedure of it."""

    sight: Sight
    procedure: UUID | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A fact in the feed; `number` and `tribunal` are those of its moment."""

    place: Place
    id: UUID
    procedure: UUID
    administration: str
    reference: str
    tribunal: str | None
    number: str | None
    type: str
    source: str
    time: datetime
    data: Any
    newer: Mapping[str, Any] | None
    why_not: str | None


class OtherFeed(Refused):
    """The place is not of this feed: its database was restored from before, or is another."""


async def append(connection: AsyncConnection, told: Mapping[UUID, Told]) -> None:
    """Add facts that are in timelines by now, in the order given; what is in the feed already stays as it is.

    Nobody else appends until the transaction ends.
    """
    if not told:
        return
    taken = (await connection.execute(_TAKE, {"count": len(told)})).one()
    if taken.behind:
        await catch_up(connection)
        taken = (await connection.execute(_TAKE, {"count": len(told)})).one()
    values = {
        "before": taken.before,
        "stamp": _stamp(),
        "ids": list(told),
        "tribunals": [one.tribunal for one in told.values()],
        "numbers": [one.number for one in told.values()],
    }
    await connection.execute(_APPEND, values)


async def catch_up(connection: AsyncConnection) -> None:
    """Add what timelines show and the feed was not given, such as what the release before added."""
    if (await connection.execute(_TAKE, {"count": 0})).one().behind:
        await connection.execute(_CATCH_UP, {"stamp": _stamp()})


async def read(connection: AsyncConnection, scope: Scope, after: Place, limit: int) -> list[Row]:
    """The next rows, `limit` at most. Raises OtherFeed."""
    if after != BEGINNING and (await connection.execute(_STAMP_AT, {"seq": after.seq})).scalar() != after.stamp:
        raise OtherFeed
    return [_row(row) for row in await connection.execute(statement(scope, after, limit))]


def statement(scope: Scope, after: Place, limit: int) -> Select[Any]:
    """What `read` asks."""
    return _of(scope).where(feed.c.seq > after.seq).order_by(feed.c.seq).limit(limit)


async def newest(connection: AsyncConnection, scope: Scope) -> Row | None:
    """The last row, None while there is none."""
    row = (await connection.execute(_of(scope).order_by(feed.c.seq.desc()).limit(1))).first()
    return None if row is None else _row(row)


async def end(connection: AsyncConnection, scope: Scope) -> Place:
    """After the last row."""
    row = await newest(connection, scope)
    return BEGINNING if row is None else row.place


async def place_of(connection: AsyncConnection, fact: UUID) -> Place | None:
    """After that fact, None while it is not in the feed."""
    found = (await connection.execute(select(feed.c.seq, feed.c.stamp).where(feed.c.event_id == fact))).first()
    return None if found is None else Place(found.seq, found.stamp)


def may_see(sight: Sight, row: Row) -> bool:
    """Whether a fact is told to whoever has these rights: to a court what is said while it has the procedure."""
    match sight:
        case Everything():
            return True
        case OfAdministration(code):
            return row.administration == code
        case OfTribunal(code):
            return row.tribunal == code


def _of(scope: Scope) -> Select[Any]:
    asked = select(feed)
    if scope.procedure is not None:
        asked = asked.where(feed.c.procedure_id == scope.procedure)
    match scope.sight:
        case Everything():
            return asked
        case OfAdministration(code):
            return asked.where(feed.c.administration == code)
        case OfTribunal(code):
            return asked.where(feed.c.tribunal == code)


def _row(row: Any) -> Row:  # noqa: ANN401 - a row of the table
    return Row(
        Place(row.seq, row.stamp),
        row.event_id,
        row.procedure_id,
        row.administration,
        row.reference,
        row.tribunal,
        row.number,
        row.type,
        row.source,
        row.time,
        row.data,
        row.newer,
        row.why_not,
    )


def _stamp() -> int:
    return secrets.randbits(62) + 1
