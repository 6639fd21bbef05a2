"""Figures of what a caller may see: counts, delays, urgent ones on time, and what waits now. `docs/figures.md` says
which procedures and which times stand behind each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from infoparquet_contracts.codes import Status
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Row,
    Select,
    and_,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.query.filters import By
from services.query.months import months, written
from services.query.rights import OfTribunal, Sight
from services.query.rows import View, midnight, view_of
from services.query.store import figures

# From the submission on, in the order of the road.
DELAYS: Final = ("numbered", "delivered", "acknowledged", "decided")
_DAY: Final = timedelta(days=1)
# Of the indicators: what has to be reached, and within how long.
SHARES: Final[Mapping[str, tuple[str, timedelta]]] = {
    "numbered_within_1_s": ("numbered", timedelta(seconds=1)),
    "numbered_within_10_s": ("numbered", timedelta(seconds=10)),
    "delivered_within_1_min": ("delivered", timedelta(minutes=1)),
    "acknowledged_within_1_d": ("acknowledged", _DAY),
    "acknowledged_within_5_d": ("acknowledged", 5 * _DAY),
}
COUNTS: Final = ("procedures", "urgent", "withdrawn", "withdrawal_requested", "declined", "unroutable")
SILENCE: Final = 30 * _DAY
# Nobody is waited for any more: written as the index has it.
_WAITING: Final = text("status NOT IN ('decided', 'closed', 'withdrawn')")
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Asking:
    """Whose figures, submitted on which days (of Paris, both included), by what, and when that is."""

    sight: Sight
    first: date
    last: date
    by: By
    now: datetime


@dataclass(frozen=True, slots=True)
class Delay:
    """How long it took those that got there: seconds."""

    count: int
    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`."""

    count: int
    of: int

    @property
    def share(self) -> float | None:
        """From 0 to 1; None of nothing."""
        return round(self.count / self.of, 6) if self.of else None


@dataclass(frozen=True, slots=True)
class Urgent:
    """Urgent procedures that have a last day."""

    on_time: int = 0
    late: int = 0
    pending: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many stand there, since when the first, and for how many seconds half of them at least."""

    count: int = 0
    oldest: datetime | None = None
    median: float | None = None


@dataclass(frozen=True)
class Figures:
    """Of one group; `group` is None where the procedures have none, or where they are not told apart."""

    group: str | None
    counts: Mapping[str, int]
    delays: Mapping[str, Delay]
    urgency: Urgent
    shares: Mapping[str, Share]
    waiting: Waiting
    by_status: Mapping[Status, Waiting]
    without_news: Share


async def figures_of(connection: AsyncConnection, asking: Asking) -> list[Figures]:
    """By group, in order; without groups one, also of nothing."""
    reached = {_reached_group(asking, row.group): row for row in await connection.execute(reached_statement(asking))}
    waiting: dict[str | None, list[Row[Any]]] = {}
    for row in await connection.execute(waiting_statement(asking)):
        waiting.setdefault(row.group, []).append(row)
    groups: set[str | None] = {*reached, *waiting} or ({None} if asking.by is By.NONE else set())
    # Those without a group come last.
    ordered = sorted(groups, key=lambda group: (group is None, group or ""))
    return [_figures(group, reached.get(group), waiting.get(group, ()), asking.now) for group in ordered]


def reached_statement(asking: Asking) -> Select[Any]:
    """What became of the procedures that were submitted on those days."""
    view, columns, now = view_of(asking.sight, figures), figures.c, asking.now
    group, source = _group(asking.by, view)
    if asking.by is By.MONTH:
        # Its place among the months of the period is found in half the time of its name.
        begins = [midnight(max(one, asking.first)) for one in months(asking.first, asking.last)]
        group = func.width_bucket(columns.submitted_at, literal(begins, ARRAY(DateTime(timezone=True)))).label("group")
    submitted = and_(
        columns.submitted_at >= midnight(asking.first), columns.submitted_at < midnight(asking.last + _DAY)
    )
    counted = (func.count().filter(condition).label(name) for name, condition in _conditions(asking, view))
    delays = (
        func.percentile_disc(literal_column("ARRAY[0.5, 0.9]"))
        .within_group(columns[f"{name}_after"])
        .filter(view.present)
        .label(name)
        for name in DELAYS
    )
    shares = (
        func.count().filter(view.present, condition).label(name)
        for share, (delay, limit) in SHARES.items()
        for name, condition in _within(share, columns[f"{delay}_after"], limit, now)
    )
    listed = select(group, *counted, *delays, *shares).select_from(source)
    return listed.where(view.condition, submitted).group_by(literal_column("1"))


def waiting_statement(asking: Asking) -> Select[Any]:
    """Where procedures stand now, whenever they were submitted: by status, and together (a null status)."""
    view, columns = view_of(asking.sight, figures), figures.c
    group, source = _group(asking.by, view)
    median = func.percentile_disc(0.5).within_group(columns.status_at.desc())
    listed = select(
        group,
        columns.status.label("status"),
        func.count().label("procedures"),
        func.min(columns.status_at).label("oldest"),
        median.label("median"),
        func.count().filter(columns.status_at < asking.now - SILENCE).label("silent"),
    ).select_from(source)
    apart = func.grouping_sets(tuple_(literal_column("1"), columns.status), tuple_(literal_column("1")))
    return listed.where(view.condition, view.present, _WAITING).group_by(apart)


def _reached_group(asking: Asking, group: Any) -> str | None:  # noqa: ANN401 - as the statement has it
    return written(months(asking.first, asking.last)[group - 1]) if asking.by is By.MONTH else group


def _group(by: By, view: View) -> tuple[ColumnElement[Any], Any]:
    columns = figures.c
    match by:
        case By.TRIBUNAL:
            return view.tribunal.label("group"), figures
        case By.ADMINISTRATION:
            return columns.administration.label("group"), figures
        case By.MONTH:
            day = func.timezone("Europe/Paris", columns.submitted_at)
            return func.to_char(day, "YYYY-MM").label("group"), figures
        case By.FAMILY:
            family = func.string_to_table(columns.families, null()).table_valued("family").render_derived()
            return family.c.family.label("group"), figures.outerjoin(family, true())
        case By.NONE:
            return literal_column("CAST(NULL AS text)").label("group"), figures


def _conditions(asking: Asking, view: View) -> Iterator[tuple[str, ColumnElement[bool]]]:
    columns, seen = figures.c, view.present
    declined: ColumnElement[bool] = columns.declined_by.is_not(None)
    if isinstance(asking.sight, OfTribunal):
        declined = or_(declined, ~seen)
    yield "procedures", true()
    yield "urgent", columns.urgent
    yield "withdrawn", and_(seen, columns.status == Status.WITHDRAWN.value)
    yield "withdrawal_requested", and_(seen, columns.withdrawal_requested, columns.status != Status.WITHDRAWN.value)
    yield "declined", declined
    yield "unroutable", and_(seen, columns.unroutable)
    for name in DELAYS:
        yield f"{name}_count", and_(seen, columns[f"{name}_after"].is_not(None))
    taken = columns.submitted_at + columns.acknowledged_after * _MILLISECOND
    # Asked first, as it spares most rows the reckoning.
    due = columns.due_at.is_not(None)
    over = columns.due_at <= asking.now
    open_ = and_(columns.acknowledged_after.is_(None), columns.status != Status.WITHDRAWN.value)
    yield "on_time", and_(seen, due, taken <= columns.due_at)
    yield "late", and_(seen, due, or_(taken > columns.due_at, and_(open_, over)))
    yield "pending", and_(seen, due, open_, columns.due_at > asking.now)


def _within(
    name: str, after: ColumnElement[Any], limit: timedelta, now: datetime
) -> Iterator[tuple[str, ColumnElement[bool]]]:
    """Those that got there in time; and those that did, had the time, or were not withdrawn before."""
    columns = figures.c
    in_time = after <= limit // _MILLISECOND
    missed = and_(after.is_(None), columns.status != Status.WITHDRAWN.value, columns.submitted_at < now - limit)
    yield f"{name}_count", in_time
    yield f"{name}_of", or_(after.is_not(None), missed)


def _figures(group: str | None, row: Row[Any] | None, waiting: Sequence[Row[Any]], now: datetime) -> Figures:
    values: Mapping[str, Any] = {} if row is None else row._asdict()
    by_status = {Status(one.status): _waiting(one, now) for one in waiting if one.status is not None}
    together = next((one for one in waiting if one.status is None), None)
    return Figures(
        group,
        {name: values.get(name, 0) for name in COUNTS},
        {name: _delay(values.get(f"{name}_count", 0), values.get(name)) for name in DELAYS},
        Urgent(*(values.get(name, 0) for name in ("on_time", "late", "pending"))),
        {name: Share(values.get(f"{name}_count", 0), values.get(f"{name}_of", 0)) for name in SHARES},
        Waiting() if together is None else _waiting(together, now),
        {status: by_status[status] for status in Status if status in by_status},
        Share(0, 0) if together is None else Share(together.silent, together.procedures),
    )


def _delay(count: int, percentiles: Sequence[int] | None) -> Delay:
    median, p90 = (one / 1000 for one in percentiles) if percentiles else (None, None)
    return Delay(count, median, p90)


def _waiting(row: Row[Any], now: datetime) -> Waiting:
    return Waiting(row.procedures, row.oldest, max(0.0, (now - row.median).total_seconds()))
