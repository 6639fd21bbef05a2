"""Lists of procedures: newest first, filtered, page by page, each caller within its rights.

The order is that of submission, then of the id: a page's last procedure says where the next begins, whatever arrives.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from infoparquet_contracts.codes import Kind, Status
from infoparquet_contracts.identifiers import UUID_PATTERN
from infoparquet_contracts.parts import Urgency
from sqlalchemy import ColumnElement, Select, Table, and_, case, func, null, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.clock import PARIS
from services.query.rights import Everything, OfAdministration, OfTribunal, Sight
from services.query.store import procedures

_LOWEST, _HIGHEST = ("-".join(digit * length for length in (8, 4, 4, 4, 12)) for digit in "0f")


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is looked for; None is anything. `q` begins a number, a reference or an id; days are Paris's, included."""

    q: str | None = None
    status: Status | None = None
    urgent: bool | None = None
    tribunal: str | None = None
    administration: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A procedure's place in the order."""

    submitted_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Row:
    """A procedure in a list."""

    id: UUID
    number: str | None
    reference: str
    administration: str
    kind: Kind
    status: Status
    tribunal: str | None
    urgency: Urgency | None
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class View:
    """What a caller sees: which procedures, and each one's status and court.

    `present`: whether it sees the procedure as it is now; a court that declined sees no more than that it did.
    """

    condition: ColumnElement[bool]
    present: ColumnElement[bool]
    status: ColumnElement[Any]
    tribunal: ColumnElement[Any]


def view_of(sight: Sight, table: Table = procedures) -> View:
    """The caller's rights as parts of a statement on the table, which has their columns."""
    columns = table.c
    match sight:
        case Everything():
            return View(true(), true(), columns.status, columns.tribunal)
        case OfAdministration(code):
            return View(columns.administration == code, true(), columns.status, columns.tribunal)
        case OfTribunal(code):
            in_hand = and_(columns.tribunal == code, columns.held)
            return View(
                or_(in_hand, columns.declined_by.has_key(code)),
                in_hand,
                case((in_hand, columns.status), else_=Status.DECLINED.value),
                case((in_hand, columns.tribunal), else_=null()),
            )


async def search(
    connection: AsyncConnection, sight: Sight, criteria: Criteria, *, after: Mark | None, limit: int
) -> list[Row]:
    """The first procedures after `after` that the caller may see."""
    return [_row(row) for row in await connection.execute(statement(sight, criteria, after=after, limit=limit))]


def statement(sight: Sight, criteria: Criteria, *, after: Mark | None, limit: int) -> Select[Any]:
    """What `search` asks."""
    view, columns = view_of(sight), procedures.c
    conditions = [view.condition, *_conditions(view, criteria)]
    if after is not None:
        conditions.append(tuple_(columns.submitted_at, columns.id) < tuple_(after.submitted_at, after.id))
    listed = select(
        *(columns[name] for name in ("id", "number", "reference", "administration", "kind")),
        view.status.label("status"),
        view.tribunal.label("tribunal"),
        columns.state["urgency"].label("urgency"),
        columns.submitted_at,
    )
    return listed.where(*conditions).order_by(columns.submitted_at.desc(), columns.id.desc()).limit(limit)


def _row(row: Any) -> Row:  # noqa: ANN401 - a row of the statement above
    urgency = None if row.urgency is None else Urgency.model_validate(row.urgency, extra="ignore")
    return Row(
        row.id,
        row.number,
        row.reference,
        row.administration,
        Kind(row.kind),
        Status(row.status),
        row.tribunal,
        urgency,
        row.submitted_at,
    )


def _conditions(view: View, criteria: Criteria) -> Iterator[ColumnElement[bool]]:
    columns = procedures.c
    if criteria.status is not None:
        yield view.status == criteria.status.value
    if criteria.urgent is not None:
        yield columns.urgent if criteria.urgent else ~columns.urgent
    if criteria.tribunal is not None:
        yield view.tribunal == criteria.tribunal
    if criteria.administration is not None:
        yield columns.administration == criteria.administration
    if criteria.since is not None:
        yield columns.submitted_at >= midnight(criteria.since)
    if criteria.until is not None:
        yield columns.submitted_at < midnight(criteria.until + timedelta(days=1))
    if criteria.q is not None:
        yield or_(*_beginning_with(criteria.q))


def midnight(day: date) -> datetime:
    """When that day begins in Paris."""
    return datetime.combine(day, time(), PARIS)


def _beginning_with(q: str) -> Iterator[ColumnElement[bool]]:
    columns = procedures.c
    yield columns.number.startswith(q.upper(), autoescape=True)
    yield func.upper(columns.reference).startswith(q.upper(), autoescape=True)
    lowest, highest = (q.lower() + bound[len(q) :] for bound in (_LOWEST, _HIGHEST))
    if re.fullmatch(UUID_PATTERN, lowest):
        # PostgreSQL orders UUIDs as it writes them, so that a beginning is a range of the primary key.
        yield columns.id.between(UUID(lowest), UUID(highest))
