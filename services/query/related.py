"""Which procedures seem to be about the same facts. Pure.

Two are related where a commune is among the places of both, a NATINF or NATAFF code among the codes of both, and the
days of their facts overlap: likely, never certain, so that nothing is ever refused for it. Codes are compared as they
were reported: a family does not stand for its codes, nor a commune for its parts. Without a day nothing is related.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import islice
from typing import Final, Self
from uuid import UUID

from infoparquet_contracts.facts import Submitted

from chassis.clock import PARIS
from services.query import codes
from services.query.timeline import Procedure

# So many communes, NATINF and NATAFF codes of a procedure are compared, the first that were reported: a hundred of each
# may come, which would be twenty thousand pairs. Most reports have one to three.
MOST: Final = 10


class Why(StrEnum):
    """What two procedures have in common."""

    COMMUNE = "commune"
    DATES = "dates"
    NATINF = "natinf"
    NATAFF = "nataff"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Where, when and of what kind the facts of a procedure were: each of its communes with each of its codes."""

    pairs: frozenset[str]
    since: date
    until: date
    procedure: UUID | None = None

    @classmethod
    def of(cls, submitted: Submitted, procedure: UUID) -> Self | None:
        """As it was reported; None where it is related to nothing."""
        communes = [place.commune for place in submitted.places if place.commune is not None]
        reported = submitted.submitted_at.astimezone(PARIS).date()
        period = period_of(submitted.facts.from_, submitted.facts.to, reported)
        pairs = pairs_of(communes, submitted.natinf, submitted.nataff)
        return cls(pairs, *period, procedure) if period is not None and pairs else None


def occurrence_of(procedure: Procedure) -> Occurrence | None:
    """Of what its submission said."""
    said = (entry.event.data for entry in procedure.entries if entry.why_not is None)
    return next((Occurrence.of(data, procedure.id) for data in said if isinstance(data, Submitted)), None)


def period_of(first: date | None, last: date | None, reported: date) -> tuple[date, date] | None:
    """The days of the facts: what has no end known lasted until it was reported, what has no beginning that one day."""
    since = first or last
    return None if since is None else (since, last or max(since, reported))


def pairs_of(communes: Sequence[str], natinf: Sequence[str], nataff: Sequence[str]) -> frozenset[str]:
    """« c33063 n22587 »: a commune and a code, as `codes` writes them."""
    kinds = [*map(codes.natinf, _first(natinf)), *map(codes.nataff, _first(nataff))]
    return frozenset(f"{codes.commune(commune)} {kind}" for commune in _first(communes) for kind in kinds)


def relation(one: Occurrence, other: Occurrence) -> tuple[Why, ...]:
    """What they have in common, in the order in which it is said; empty where they are not related, or are one."""
    itself = one.procedure is not None and one.procedure == other.procedure
    if itself or one.since > other.until or other.since > one.until:
        return ()
    kinds = {pair.split()[1][0] for pair in one.pairs & other.pairs}
    found = [why for letter, why in _BY_LETTER.items() if letter in kinds]
    return (Why.COMMUNE, Why.DATES, *found) if found else ()


_BY_LETTER: Final = {codes.natinf("")[0]: Why.NATINF, codes.nataff("")[0]: Why.NATAFF}


def _first(reported: Sequence[str]) -> Iterator[str]:
    return islice(dict.fromkeys(reported), MOST)
