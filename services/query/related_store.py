"""The pairs of each procedure, written once with its submission, and the procedures that share one with it.

However many there are, so many of each pair are looked at whose facts overlap, those that began last; for an
administration, of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from infoparquet_contracts.codes import Status
from infoparquet_contracts.facts import Submitted
from sqlalchemy import Select, Text, column, func, literal, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.query.related import Occurrence, Why, relation
from services.query.rights import OfAdministration, Sight
from services.query.rows import view_of
from services.query.store import occurrences, procedures

SHOWN: Final = 10
# Of all pairs together, and of each one at least.
LOOKED_AT: Final = 2_000
_OF_EACH: Final = 50


@dataclass(frozen=True, slots=True)
class Relative:
    """A procedure that seems to be about the same facts, as the caller sees it."""

    id: UUID
    number: str | None
    reference: str
    administration: str
    status: Status
    why: tuple[Why, ...]


@dataclass(frozen=True, slots=True)
class Relatives:
    """The newest of them; `more` says that the caller may see others."""

    rows: tuple[Relative, ...] = ()
    more: bool = False


async def add_occurrences(connection: AsyncConnection, begun: Mapping[UUID, Submitted]) -> None:
    """Of the procedures that were submitted."""
    found = [one for procedure, submitted in begun.items() if (one := Occurrence.of(submitted, procedure))]
    rows = [(pair, one, begun[one.procedure]) for one in found if one.procedure for pair in sorted(one.pairs)]
    if not rows:
        return
    await connection.execute(
        text("""INSERT INTO occurrences (pair, since, until, procedure_id, administration)
                SELECT * FROM unnest(CAST(:pairs AS text[]), CAST(:since AS date[]), CAST(:until AS date[]),
                                     CAST(:procedures AS uuid[]), CAST(:administrations AS text[]))
                ON CONFLICT DO NOTHING"""),
        {
            "pairs": [pair for pair, _, _ in rows],
            "since": [one.since for _, one, _ in rows],
            "until": [one.until for _, one, _ in rows],
            "procedures": [one.procedure for _, one, _ in rows],
            "administrations": [submitted.administration for _, _, submitted in rows],
        },
    )


async def find_relatives(connection: AsyncConnection, sight: Sight, one: Occurrence | None) -> Relatives:
    """Those that the caller may see: others are not even counted."""
    if one is None:
        return Relatives()
    found = [_relative(row, one) for row in await connection.execute(related_to(one, sight))]
    return Relatives(tuple(found[:SHOWN]), len(found) > SHOWN)


def related_to(one: Occurrence, sight: Sight) -> Select[Any]:
    """The newest of the others, one more than are shown, each with the pairs that it shares."""
    view, columns = view_of(sight), procedures.c
    near = _overlapping(one, sight).subquery("near")
    return (
        select(
            *(columns[name] for name in ("id", "number", "reference", "administration")),
            view.status.label("status"),
            near.c.pairs,
            near.c.since,
            near.c.until,
        )
        .join(near, near.c.procedure_id == columns.id)
        .where(view.condition)
        .order_by(columns.submitted_at.desc(), columns.id.desc())
        .limit(SHOWN + 1)
    )


def _overlapping(one: Occurrence, sight: Sight) -> Select[Any]:
    pairs = func.unnest(literal(sorted(one.pairs), ARRAY(Text))).table_valued(column("pair", Text), name="wanted")
    wanted = pairs.render_derived()
    looked_at = occurrences.c
    each = (
        select(occurrences)
        .where(looked_at.pair == wanted.c.pair, looked_at.since <= one.until, looked_at.until >= one.since)
        .order_by(looked_at.since.desc(), looked_at.until.desc(), looked_at.procedure_id.desc())
        .limit(max(_OF_EACH, LOOKED_AT // len(one.pairs)))
    )
    if isinstance(sight, OfAdministration):
        each = each.where(looked_at.administration == sight.code)
    if one.procedure is not None:
        each = each.where(looked_at.procedure_id != one.procedure)
    found = each.lateral("found")
    return (
        select(
            found.c.procedure_id,
            found.c.since,
            found.c.until,
            func.array_agg(found.c.pair).label("pairs"),
        )
        .select_from(wanted.join(found, true()))
        .group_by(found.c.procedure_id, found.c.since, found.c.until)
    )


def _relative(row: Any, one: Occurrence) -> Relative:  # noqa: ANN401 - a row of the statement above
    other = Occurrence(frozenset(row.pairs), row.since, row.until, row.id)
    return Relative(row.id, row.number, row.reference, row.administration, Status(row.status), relation(one, other))
