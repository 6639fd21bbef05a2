"""The court as a fact: by the rules at first, then by whom the court that declined has named. Pure.

A court that declined is never chosen again; after the second refusal an operator decides.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from infoparquet_contracts.codes import Formation, UnroutableReason
from infoparquet_contracts.facts import Routed, Submitted, Unroutable
from infoparquet_contracts.parts import Candidate, Matched

from reference.territory import Territory
from services.routing import competence
from services.routing.competence import Case, Competent, Undecided

PARIS: Final = ZoneInfo("Europe/Paris")
NAMED_RULE: Final = "named-by-declining-court"
OPERATOR_RULE: Final = "operator-assignment"
# Neither has an article of its own: whoever designates the court applies that of territorial competence.
LEGAL_BASIS: Final = "CPP art. 43"
MOST_REFUSALS: Final = 2


@dataclass(frozen=True)
class Deciding:
    """The rules, their version, and the names of the courts that can be reached."""

    territory: Territory
    rule_set: str
    courts: Mapping[str, str]

    def decide(self, submitted: Submitted, declined_by: Sequence[str], named: Sequence[str]) -> Routed | Unroutable:
        """For a submission that these courts declined, the last of them naming others."""
        if len(declined_by) >= MOST_REFUSALS:
            return self._undecided(UnroutableReason.DECLINED_TWICE)
        for court in named:
            if court in self.courts and court not in declined_by:
                return self._designated(court, NAMED_RULE)
        day = submitted.submitted_at.astimezone(PARIS).date()
        case = Case(submitted.places, day, submitted.natinf, submitted.nataff)
        match competence.decide(case, self.territory):
            case Undecided(reason):
                return self._undecided(reason)
            case Competent() as found:
                return self._by_rule(found, declined_by)

    def assigned(self, court: str) -> Routed:
        """An operator's choice."""
        return self._designated(court, OPERATOR_RULE)

    def _by_rule(self, found: Competent, declined_by: Collection[str]) -> Routed | Unroutable:
        others = [
            Candidate(tribunal=other.tribunal, formation=other.formation, rule=other.rule)
            for other in found.candidates
            if other.tribunal not in declined_by
        ]
        if found.tribunal not in declined_by:
            return self._routed(found.tribunal, found.formation, found.rule, found.legal_basis, found.matched, others)
        if not others:
            return self._undecided(UnroutableReason.DECLINED_WITHOUT_OTHER)
        chosen = next(one for one in found.candidates if one.tribunal == others[0].tribunal)
        basis = next((rule.legal_basis for rule in self.territory.rules if rule.id == chosen.rule), LEGAL_BASIS)
        matched = Matched(places=(chosen.place,))
        return self._routed(chosen.tribunal, chosen.formation, chosen.rule, basis, matched, others[1:])

    def _designated(self, court: str, rule: str) -> Routed:
        return self._routed(court, None, rule, LEGAL_BASIS, Matched(), ())

    def _routed(
        self,
        tribunal: str,
        formation: Formation | None,
        rule: str,
        legal_basis: str,
        matched: Matched,
        candidates: Collection[Candidate],
    ) -> Routed:
        return Routed(
            tribunal=tribunal,
            formation=formation,
            rule=rule,
            legal_basis=legal_basis,
            matched=matched,
            candidates=tuple(candidates),
            rule_set=self.rule_set,
        )

    def _undecided(self, reason: UnroutableReason) -> Unroutable:
        return Unroutable(reason=reason, candidates=(), rule_set=self.rule_set)
