"""Which prosecutor's office is competent, by the places and the offences of a procedure: pure, total, the same answer
for ever.

The rules, their order and their articles are data (`reference/data/rules.toml`); docs/competence.md says the policy.
The outcome is one court with its reason and the other courts possible, or the reason why no rule decides.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from infoparquet_contracts.codes import Formation, Kind, UnroutableReason
from infoparquet_contracts.parts import Matched, Place

from reference.courts import Court
from reference.law import Law
from reference.rules import Rule, Subject
from reference.specialised import Seat
from reference.territory import Territory

# The precincts of some aerodromes belong to one court though their communes belong to several (COJ, tableau IV).
AERODROME_RULE: Final = "coj-d211-1-aerodrome"
AERODROME_BASIS: Final = "COJ art. D211-1"


class Side(StrEnum):
    """Of the precincts of the aerodrome that cuts a commune."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"

    @property
    def aerodrome(self) -> bool | None:
        """As a place has it."""
        return None if self is Side.UNKNOWN else self is Side.INSIDE


@dataclass(frozen=True, slots=True)
class Case:
    """What decides: the places in the administration's order, the day (Paris) on which the rules are applied, and what
    the procedure is about."""

    places: tuple[Place, ...]
    on: dt.date
    natinf: tuple[str, ...] = ()
    nataff: tuple[str, ...] = ()
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A court that could be seised, by the rule that leads to it and what it rests on.

    `informed`: a specialised jurisdiction that is told and does not decide; `sure`: nothing of it is to be verified.
    """

    tribunal: str
    formation: Formation | None
    rule: str
    legal_basis: str
    place: Place | None
    natinf: tuple[str, ...] = ()
    nataff: tuple[str, ...] = ()
    informed: bool = False
    sure: bool = True

    @property
    def matched(self) -> Matched:
        """What it rests on, as the fact carries it."""
        return Matched(places=(self.place,) if self.place else (), natinf=self.natinf, nataff=self.nataff)


@dataclass(frozen=True, slots=True)
class Competent:
    """The court chosen, and the others that could be seised."""

    chosen: Candidate
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """`candidates` are the courts that it lies between, and the specialised ones that would be told."""

    reason: UnroutableReason
    candidates: tuple[Candidate, ...] = ()


Decision = Competent | Undecided


def decide(case: Case, law: Law) -> Decision:
    """A specialised jurisdiction that the law makes exclusive; else the first rule in force that leads to a court, for
    the first of its places that does."""
    rules = [rule for rule in law.rules.territorial if rule.in_force(case.on)]
    local = list(_local(case, rules, law.territory))
    open_between = list(_open(case, rules, law.territory))
    court, place = (law.courts[local[0].tribunal], local[0].place) if local else (None, None)
    specialised = list(_specialised(case, court, place, law))
    deciding = [one for one in specialised if not one.informed] or local
    if not deciding:
        reason = _reason(case, rules, is_open=bool(open_between))
        return Undecided(reason, _distinct([*open_between, *specialised]))
    chosen, *others = _distinct([*deciding, *local, *open_between, *specialised])
    return Competent(chosen, tuple(others))


def _local(case: Case, rules: Iterable[Rule], territory: Territory) -> Iterator[Candidate]:
    """The court of each place that leads to one, in the order of the rules."""
    for rule, place in _ties(case, rules):
        attachment = territory.by_commune.get(place.commune or "")
        if attachment is None:
            continue
        other = _precincts(place, attachment.court, territory)
        if other is None:
            sure = place.commune not in territory.doubtful
            yield _by_place(attachment.court, rule.id, rule.legal_basis, place, sure=sure)
        elif place.aerodrome is not None:
            yield _divided(attachment.court, other, rule, place)


def _open(case: Case, rules: Iterable[Rule], territory: Territory) -> Iterator[Candidate]:
    """Both courts of each place of which nobody said on which side it lies."""
    for rule, place in _ties(case, rules):
        attachment = territory.by_commune.get(place.commune or "")
        if attachment is not None and place.aerodrome is None:
            other = _precincts(place, attachment.court, territory)
            if other is not None:
                yield _by_place(attachment.court, rule.id, rule.legal_basis, place, sure=False)
                yield _by_place(other, AERODROME_RULE, AERODROME_BASIS, place, sure=False)


def _ties(case: Case, rules: Iterable[Rule]) -> Iterator[tuple[Rule, Place]]:
    for rule in rules:
        for place in case.places:
            if place.ground == rule.ground:
                yield rule, place


def _precincts(place: Place, court: Court, territory: Territory) -> Court | None:
    """The other court of a commune that an aerodrome cuts."""
    zones = territory.zones.get(place.commune or "", ())
    return next((zone.court for zone in zones if zone.court.code != court.code), None)


def _divided(court: Court, other: Court, rule: Rule, place: Place) -> Candidate:
    # Which communes an aerodrome cuts is known from no source at hand: never without a check.
    if place.aerodrome:
        return _by_place(other, AERODROME_RULE, f"{rule.legal_basis}; {AERODROME_BASIS}", place, sure=False)
    return _by_place(court, rule.id, rule.legal_basis, place, sure=False)


def _by_place(court: Court, rule: str, legal_basis: str, place: Place, *, sure: bool) -> Candidate:
    return Candidate(court.code, None, rule, legal_basis, place, sure=sure)


def informed(case: Case, court: str, law: Law) -> list[Candidate]:
    """The specialised jurisdictions to be told of what somebody gave to this court."""
    return [one for one in _specialised(case, law.courts.get(court), None, law) if one.informed]


def _specialised(case: Case, court: Court | None, place: Place | None, law: Law) -> Iterator[Candidate]:
    """What the offences lead to, those that decide first; a regional seat is that of the local court's region."""
    for subject, natinf, nataff in law.rules.about(case.natinf, case.nataff):
        seat = _seat(subject, court) if _applies(subject, case) else None
        if seat is not None:
            rule, sure = subject.rule, subject.rule.verified and seat.sure
            yield Candidate(
                rule.tribunal or seat.court.code,
                rule.formation,
                rule.id,
                rule.legal_basis,
                None if subject.jurisdiction.national else place,
                natinf,
                nataff,
                # An unverified rule never decides alone.
                informed=rule.effect == "informs" or not sure,
                sure=sure,
            )


def _applies(subject: Subject, case: Case) -> bool:
    rule = subject.rule
    return (
        rule.in_force(case.on)
        and subject.jurisdiction.exists(case.on)
        and (not rule.kinds or case.kind is None or case.kind in rule.kinds)
    )


def _seat(subject: Subject, court: Court | None) -> Seat | None:
    jurisdiction = subject.jurisdiction
    if jurisdiction.national:
        return jurisdiction.seats[0]
    return None if court is None else jurisdiction.seat(court.code_ca)


def _distinct(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Each court once, for the strongest of its reasons."""
    by_court: dict[tuple[str, Formation | None], Candidate] = {}
    for candidate in candidates:
        by_court.setdefault((candidate.tribunal, candidate.formation), candidate)
    return tuple(by_court.values())


def _reason(case: Case, rules: Iterable[Rule], *, is_open: bool) -> UnroutableReason:
    if not case.places:
        return UnroutableReason.NO_PLACE_OF_FACTS
    places = [place for _, place in _ties(case, rules)]
    if not places:
        return UnroutableReason.OUTSIDE_VALIDITY
    if is_open:
        return UnroutableReason.PRECINCTS_UNKNOWN
    if any(place.commune is not None for place in places):
        return UnroutableReason.COMMUNE_WITHOUT_COURT
    return UnroutableReason.PLACE_WITHOUT_COMMUNE
