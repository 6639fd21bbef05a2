"""Which procedures a caller sees and which of them are meant, as parts of a statement."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from infoparquet_contracts.codes import Kind, Status
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Text,
    and_,
    any_,
    case,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from chassis.clock import PARIS
from services.query import codes
from services.query.asked import Asked, Inside, Term
from services.query.rights import Everything, OfAdministration, OfTribunal, Sight
from services.query.store import procedures
from services.query.words import Meaning

Condition = ColumnElement[bool]
_CODES: Final = ARRAY(Text)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is looked for; None is anything. Of each of `among` one code is needed; days are Paris's, included."""

    q: Asked | None = None
    status: Status | None = None
    urgent: bool | None = None
    tribunal: str | None = None
    administration: str | None = None
    kind: Kind | None = None
    among: tuple[tuple[str, ...], ...] = ()
    since: date | None = None
    until: date | None = None

    @property
    def by_codes(self) -> bool:
        """Whether what is looked for has no index in the order of the list."""
        return self.q is not None or self.kind is not None or bool(self.among)

    @property
    def exact(self) -> bool:
        """Whether it names one procedure, or the few that a mistyped number may be."""
        return self.q is not None and self.q.exact

    @property
    def compared(self) -> int:
        """With how many codes a row's own are compared."""
        meanings = [] if self.q is None else [term.meaning for term in self.q.terms]
        if self.q is not None and self.q.named is not None:
            meanings.append(self.q.named)
        return sum(len(one.codes) for one in meanings) + sum(len(wanted) for wanted in self.among)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that are reached by one index in the order of the list, with the status and the court that are seen of each.

    `marks` are kept with each of them, so that the index of codes leaves the others out. Words may name the courts
    `named`, which is then each row's own; any court's where it is None.
    """

    condition: Condition
    status: ColumnElement[Any]
    tribunal: ColumnElement[Any]
    marks: tuple[str, ...] = ()
    named: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What a caller sees of the rows of `table`: parts that have no row in common, each row's status and court.

    The rows of the first part it sees as they are now; of the others, a court that declined sees no more than that.
    """

    table: FromClause
    parts: Sequence[Part]
    status: ColumnElement[Any]
    tribunal: ColumnElement[Any]

    @property
    def condition(self) -> Condition:
        """Whether a row is in one of the parts."""
        return or_(*(part.condition for part in self.parts))

    @property
    def present(self) -> Condition:
        """Whether it is seen as it is now."""
        return self.parts[0].condition


def view_of(sight: Sight, table: FromClause = procedures) -> View:
    """The caller's rights."""
    columns = table.c
    match sight:
        case Everything():
            every = Part(true(), columns.status, columns.tribunal)
            return View(table, [every], columns.status, columns.tribunal)
        case OfAdministration(code):
            mine = columns.administration == code
            own = Part(mine, columns.status, columns.tribunal, marks=(codes.administration(code),))
            return View(table, [own], columns.status, columns.tribunal)
        case OfTribunal(code):
            in_hand = and_(columns.tribunal == code, columns.held)
            # Null, where no court is in force, is no.
            let_go = and_(columns.declined_by.has_key(code), not_(func.coalesce(in_hand, false())))
            present = Part(
                in_hand, columns.status, columns.tribunal, marks=(codes.tribunal(code),), named=frozenset({code})
            )
            # Who declined is not told where it went.
            past = Part(let_go, literal(Status.DECLINED.value), null(), named=frozenset())
            return View(
                table,
                [present, past],
                case((in_hand, present.status), else_=past.status),
                case((in_hand, present.tribunal), else_=past.tribunal),
            )


def period(table: FromClause, criteria: Criteria) -> Iterator[Condition]:
    """The days, which bound the list in its own order."""
    if criteria.since is not None:
        yield table.c.submitted_at >= midnight(criteria.since)
    if criteria.until is not None:
        yield table.c.submitted_at < midnight(criteria.until + timedelta(days=1))


def conditions(view: View, part: Part, criteria: Criteria) -> Iterator[Condition]:
    """All the others but the words, of a part's rows."""
    columns = view.table.c
    if criteria.status is not None:
        yield part.status == criteria.status.value
    if criteria.urgent is not None:
        yield columns.urgent if criteria.urgent else ~columns.urgent
    if criteria.tribunal is not None:
        yield part.tribunal == criteria.tribunal
    if criteria.administration is not None:
        yield columns.administration == criteria.administration
    if criteria.kind is not None:
        yield one_of(view, [codes.kind(criteria.kind)])
    for wanted in criteria.among:
        yield one_of(view, wanted)


def one_of(view: View, wanted: Sequence[str]) -> Condition:
    """Whether one of the codes is a row's, or its court's."""
    # As the index has it.
    kept = func.array_append(view.table.c.codes, literal_column("'t'").op("||")(view.table.c.tribunal), type_=_CODES)
    return kept.bool_op("&&")(literal(list(wanted), _CODES))


def meant_by(part: Part, meaning: Meaning) -> Sequence[str] | None:
    """The codes of which a row of that part has one where it is meant; None where each row is."""
    if part.named is None:
        return [*meaning.codes, *(codes.tribunal(one) for one in meaning.tribunals)]
    return None if part.named.intersection(meaning.tribunals) else meaning.codes


def midnight(day: date) -> datetime:
    """When that day begins in Paris."""
    return datetime.combine(day, time(), PARIS)


def ways(view: View, part: Part, asked: Asked | None) -> list[Condition]:
    """Each way in which the words may be meant, by an index of its own; without words all is."""
    return [true()] if asked is None else [*_meant(view, part, asked)] or [false()]


def _meant(view: View, part: Part, asked: Asked) -> Iterator[Condition]:
    columns = view.table.c
    if asked.number is not None:
        yield columns.number.startswith(asked.number, autoescape=True)
    if asked.corrected:
        yield columns.number == any_(literal(list(asked.corrected), _CODES))
    if asked.reference is not None:
        yield func.upper(columns.reference).startswith(asked.reference, autoescape=True)
    if asked.inside is not None:
        yield _inside(view, asked.inside)
    if asked.ids is not None:
        yield columns.id.between(*asked.ids)
    if asked.named is not None:
        yield _means(view, part, asked.named)
    if asked.terms:
        yield and_(*(_term(view, part, term) for term in asked.terms))


def _term(view: View, part: Part, term: Term) -> Condition:
    means = _means(view, part, term.meaning)
    return means if term.inside is None else or_(means, _inside(view, term.inside))


def _means(view: View, part: Part, meaning: Meaning) -> Condition:
    wanted = meant_by(part, meaning)
    return true() if wanted is None else one_of(view, wanted)


def _inside(view: View, part: Inside) -> Condition:
    reference = view.table.c.reference
    whole = func.strpos(func.upper(reference), part.text.upper()) > 0
    return and_(reference.icontains(part.telling, autoescape=True), whole)
