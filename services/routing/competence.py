"""Which prosecutor's office is competent, by the places of a procedure: pure, total, the same answer for ever.

The rules, their order and their articles are data (`reference/data/rules.json`); docs/competence.md says the policy.
The outcome is one court with its reason and the other courts possible, or the reason why no rule decides.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from infoparquet_contracts.codes import Formation, UnroutableReason
from infoparquet_contracts.parts import Matched, Place

from reference.rules import Rule
from reference.territory import Territory

# The precincts of some aerodromes belong to one court though their communes belong to several (COJ, tableau IV).
AERODROME_RULE: Final = "coj-d211-1-aerodrome"


@dataclass(frozen=True, slots=True)
class Case:
    """What decides: the places in the administration's order, and the day (Paris) on which the rules are applied.

    No rule of this set reads the offences yet; they are part of what a decision may rest on.
    """

    places: tuple[Place, ...]
    on: dt.date
    natinf: tuple[str, ...] = ()
    nataff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A court that could be seised too, by the rule and the place that lead to it."""

    tribunal: str
    formation: Formation | None
    rule: str
    place: Place


@dataclass(frozen=True, slots=True)
class Competent:
    """`to_confirm`: the commune's own court is doubtful, or part of the commune belongs to another."""

    tribunal: str
    formation: Formation | None
    rule: str
    legal_basis: str
    matched: Matched
    candidates: tuple[Candidate, ...]
    to_confirm: bool


@dataclass(frozen=True, slots=True)
class Undecided:
    reason: UnroutableReason


Decision = Competent | Undecided


def decide(case: Case, territory: Territory) -> Decision:
    """The first rule in force that leads to a court decides, for the first of its places that does."""
    rules = tuple(rule for rule in territory.rules if rule.in_force(case.on))
    claims = tuple(_claims(case, rules, territory))
    if not claims:
        return Undecided(_reason(case, rules))
    (rule, chosen), *others = claims
    zones = _zone_candidates(chosen.place, territory)
    commune = chosen.place.commune
    return Competent(
        tribunal=chosen.tribunal,
        formation=chosen.formation,
        rule=rule.id,
        legal_basis=rule.legal_basis,
        matched=Matched(places=(chosen.place,)),
        candidates=_distinct(chosen, [*(candidate for _, candidate in others), *zones]),
        to_confirm=commune in territory.doubtful or any(zone.tribunal != chosen.tribunal for zone in zones),
    )


def _claims(case: Case, rules: tuple[Rule, ...], territory: Territory) -> Iterator[tuple[Rule, Candidate]]:
    for rule in rules:
        for place in case.places:
            if place.ground == rule.ground and place.commune is not None:
                attachment = territory.attachment(place.commune)
                if attachment is not None:
                    yield rule, Candidate(attachment.court.code, None, rule.id, place)


def _zone_candidates(place: Place, territory: Territory) -> list[Candidate]:
    zones = territory.zones.get(place.commune or "", ())
    return [Candidate(zone.court.code, None, AERODROME_RULE, place) for zone in zones]


def _distinct(chosen: Candidate, others: list[Candidate]) -> tuple[Candidate, ...]:
    """Each other court once, for the strongest of its reasons."""
    by_court = {(chosen.tribunal, chosen.formation): chosen}
    for candidate in others:
        by_court.setdefault((candidate.tribunal, candidate.formation), candidate)
    return tuple(by_court.values())[1:]


def _reason(case: Case, rules: tuple[Rule, ...]) -> UnroutableReason:
    if not case.places:
        return UnroutableReason.NO_PLACE_OF_FACTS
    grounds = {rule.ground for rule in rules}
    places = [place for place in case.places if place.ground in grounds]
    if not places:
        return UnroutableReason.OUTSIDE_VALIDITY
    if any(place.commune is not None for place in places):
        return UnroutableReason.COMMUNE_WITHOUT_COURT
    return UnroutableReason.PLACE_WITHOUT_COMMUNE
