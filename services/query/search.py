"""Lists of procedures: newest first, filtered, page by page, each caller within its rights.

The order is that of submission, then of the id: a page's last procedure says where the next begins, whatever arrives.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from infoparquet_contracts.codes import Kind, Status
from infoparquet_contracts.parts import Urgency
from sqlalchemy import FromClause, Select, and_, exists, or_, select, text, tuple_, union, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.query.estimate import expected
from services.query.rights import Everything, Sight
from services.query.rows import Condition, Criteria, Part, View, conditions, one_of, period, view_of, ways
from services.query.store import procedures

# What so few procedures have is read whole and put in order; what more have is looked for first among so many of the
# newest, with which the list begins. What one of them costs is in the codes that its own are compared with.
FEW: Final = 4_000
NEWEST: Final = 10_000
# Those of one organisation lie scattered.
NEWEST_OF_ONES_OWN: Final = 2_500
_COMPARISONS: Final = 100_000
# What suits the values of most requests may read a million rows for those of another. Many search at once: nobody has
# the processors of others.
_AS_FOR_ONE: Final = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), "
    "set_config('max_parallel_workers_per_gather', '0', true)"
)


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


async def search(
    connection: AsyncConnection,
    sight: Sight,
    criteria: Criteria,
    *,
    after: Mark | None,
    limit: int,
    also: Sequence[Condition] = (),
) -> list[Row]:
    """The first procedures after `after` that the caller may see, that are meant, and for which `also` holds."""
    await connection.execute(_AS_FOR_ONE)
    criteria = await _told_apart(connection, criteria)
    if not criteria.by_codes:
        return await _rows(connection, in_order(sight, criteria, after=after, limit=limit, also=also))
    indexed = by_index(sight, criteria, after=after, limit=limit, also=also)
    if not criteria.exact and await expected(connection, sight, criteria) > FEW:
        found = await _rows(connection, among_the_newest(sight, criteria, after=after, limit=limit, also=also))
        if len(found) == limit:
            return found
    return await _rows(connection, indexed)


async def _told_apart(connection: AsyncConnection, criteria: Criteria) -> Criteria:
    """A text that may be an administration's code is that, where it has ever submitted anything."""
    if criteria.q is None or criteria.q.administration is None:
        return criteria
    known = select(exists().where(procedures.c.administration == criteria.q.administration))
    if not (await connection.execute(known)).scalar_one():
        return criteria
    return replace(criteria, q=criteria.q.of_administration())


async def _rows(connection: AsyncConnection, statement: Select[Any]) -> list[Row]:
    return [_row(row) for row in await connection.execute(statement)]


def in_order(
    sight: Sight, criteria: Criteria, *, after: Mark | None, limit: int, also: Sequence[Condition] = ()
) -> Select[Any]:
    """By the indexes that are in the order of the list."""
    view = view_of(sight)
    return _page([_newest(_wanted(view, part, criteria, after).where(*also), limit) for part in view.parts], limit)


def among_the_newest(
    sight: Sight, criteria: Criteria, *, after: Mark | None, limit: int, also: Sequence[Condition] = ()
) -> Select[Any]:
    """Those that are meant among the newest that the caller sees."""
    newest = NEWEST if sight == Everything() else NEWEST_OF_ONES_OWN
    most = min(newest, _COMPARISONS // max(1, criteria.compared))
    looked_through = select(procedures).where(*_bounds(criteria, after), *also)
    # Of all parts together: one that has fewer would reach further back than the others, and hide what they have there.
    window = _page([_newest(looked_through.where(part.condition), most) for part in view_of(sight).parts], most)
    seen = view_of(sight, window.subquery())
    meant = [
        and_(part.condition, or_(*ways(seen, part, criteria.q)), *conditions(seen, part, criteria))
        for part in seen.parts
    ]
    return _newest(_listed(seen).where(or_(*meant)), limit, seen.table)


def by_index(
    sight: Sight, criteria: Criteria, *, after: Mark | None, limit: int, also: Sequence[Condition] = ()
) -> Select[Any]:
    """All that is meant, by the indexes of what is meant, then put in order."""
    view = view_of(sight)
    meant = []
    for part in view.parts:
        place = select(procedures.c.submitted_at, procedures.c.id)
        wanted = place.where(part.condition, *conditions(view, part, criteria), *_bounds(criteria, after), *also)
        if part.marks:
            wanted = wanted.where(one_of(view, part.marks))
        # Without the offset the planner may look through the newest, however far it had to go.
        meant += [wanted.where(way).offset(0) for way in ways(view, part, criteria.q)]
    # Each once, though it be meant in two ways.
    found = (meant[0] if len(meant) == 1 else union(*meant)).subquery()
    page = _newest(select(found), limit, found).subquery()
    return _newest(_listed(view).join(page, page.c.id == procedures.c.id), limit)


def _wanted(view: View, part: Part, criteria: Criteria, after: Mark | None) -> Select[Any]:
    return _listed(view).where(part.condition, *conditions(view, part, criteria), *_bounds(criteria, after))


def _listed(view: View) -> Select[Any]:
    columns = view.table.c
    return select(
        *(columns[name] for name in ("id", "number", "reference", "administration", "kind")),
        view.status.label("status"),
        view.tribunal.label("tribunal"),
        columns.state["urgency"].label("urgency"),
        columns.submitted_at,
    )


def _bounds(criteria: Criteria, after: Mark | None) -> list[Condition]:
    """What bounds the list in its own order."""
    days = list(period(procedures, criteria))
    if after is None:
        return days
    return [*days, tuple_(procedures.c.submitted_at, procedures.c.id) < tuple_(after.submitted_at, after.id)]


def _page(found: list[Select[Any]], limit: int) -> Select[Any]:
    parts = [one.subquery() for one in found]
    together = parts[0] if len(parts) == 1 else union_all(*(select(part) for part in parts)).subquery()
    return _newest(select(together), limit, together)


def _newest(listed: Select[Any], limit: int, table: FromClause = procedures) -> Select[Any]:
    return listed.order_by(table.c.submitted_at.desc(), table.c.id.desc()).limit(limit)


def _row(row: Any) -> Row:  # noqa: ANN401 - a row of the statements above
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
