"""The court as a fact: by the rules at first, then by whom the court that declined has named. Pure.

A court that declined is never chosen again; after the second refusal an operator decides.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from infoparquet_contracts import parts
from infoparquet_contracts.codes import UnroutableReason
from infoparquet_contracts.facts import Routed, Submitted, Unroutable
from infoparquet_contracts.parts import Matched

from chassis.clock import PARIS
from reference.law import Law
from services.routing import competence
from services.routing.competence import Candidate, Case, Competent, Undecided

NAMED_RULE: Final = "named-by-declining-court"
OPERATOR_RULE: Final = "operator-assignment"
# Neither has an article of its own: whoever designates the court applies that of territorial competence.
LEGAL_BASIS: Final = "CPP art. 43"
MOST_REFUSALS: Final = 2


@dataclass(frozen=True)
class Deciding:
    """The law, and the names of the courts that can be reached."""

    law: Law
    courts: Mapping[str, str]

    def decide(self, submitted: Submitted, declined_by: Sequence[str], named: Sequence[str]) -> Routed | Unroutable:
        """For a submission that these courts declined, the last of them naming others."""
        if len(declined_by) >= MOST_REFUSALS:
            return self._undecided(UnroutableReason.DECLINED_TWICE, ())
        for court in named:
            if court in self.courts and court not in declined_by:
                return self._designated(submitted, court, NAMED_RULE)
        match competence.decide(case_of(submitted), self.law):
            case Undecided(reason, candidates):
                return self._undecided(reason, candidates)
            case Competent(chosen, candidates):
                return self._by_rule([chosen, *candidates], declined_by)

    def assigned(self, submitted: Submitted, court: str) -> Routed:
        """An operator's choice."""
        return self._designated(submitted, court, OPERATOR_RULE)

    def _by_rule(self, found: Iterable[Candidate], declined_by: Collection[str]) -> Routed | Unroutable:
        left = [one for one in found if one.tribunal not in declined_by]
        # Who is told only does not decide, even when nobody else is left.
        chosen = next((one for one in left if not one.informed), None)
        others = [one for one in left if one is not chosen]
        if chosen is None:
            return self._undecided(UnroutableReason.DECLINED_WITHOUT_OTHER, others)
        return Routed(
            tribunal=chosen.tribunal,
            formation=chosen.formation,
            rule=chosen.rule,
            legal_basis=chosen.legal_basis,
            matched=chosen.matched,
            candidates=_grounded(others),
            rule_set=self.law.version,
        )

    def _designated(self, submitted: Submitted, court: str, rule: str) -> Routed:
        return Routed(
            tribunal=court,
            formation=None,
            rule=rule,
            legal_basis=LEGAL_BASIS,
            matched=Matched(),
            candidates=_grounded(competence.informed(case_of(submitted), court, self.law)),
            rule_set=self.law.version,
        )

    def _undecided(self, reason: UnroutableReason, candidates: Iterable[Candidate]) -> Unroutable:
        return Unroutable(reason=reason, candidates=_carried(candidates), rule_set=self.law.version)


def case_of(submitted: Submitted) -> Case:
    """What the rules look at of a submission: they apply as they are on its day, whenever the facts took place."""
    day = submitted.submitted_at.astimezone(PARIS).date()
    return Case(submitted.places, day, submitted.natinf, submitted.nataff, submitted.kind)


def _carried(candidates: Iterable[Candidate]) -> tuple[parts.Candidate, ...]:
    return tuple(parts.Candidate(tribunal=one.tribunal, formation=one.formation, rule=one.rule) for one in candidates)


def _grounded(candidates: Sequence[Candidate]) -> tuple[parts.GroundedCandidate, ...]:
    """A specialised one is told of what another gets, whether it could have had it or not."""
    return tuple(
        parts.GroundedCandidate(
            tribunal=one.tribunal,
            formation=one.formation,
            rule=one.rule,
            legal_basis=one.legal_basis,
            informed=one.informed or plain.specialised,
        )
        for one, plain in zip(candidates, _carried(candidates), strict=True)
    )
