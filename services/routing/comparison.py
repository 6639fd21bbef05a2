"""What another rule set, or other data, would change of decisions already made: pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reference.law import Law
from services.routing.competence import Case, Competent, Decision, decide


@dataclass(frozen=True, slots=True)
class Past:
    """A case that was decided once; `id` says which to whoever reads the comparison."""

    id: str
    case: Case


def compare(past: Iterable[Past], old: Law, new: Law) -> dict[str, Any]:
    """The JSON of `infoparquet competence diff`: the cases that would go elsewhere, and how many only otherwise."""
    changes: list[dict[str, Any]] = []
    moves: Counter[str] = Counter()
    cases = otherwise = 0
    for one in past:
        cases += 1
        before, after = _outcome(decide(one.case, old)), _outcome(decide(one.case, new))
        if _where(before) != _where(after):
            changes.append({"id": one.id, "places": _places(one.case), "old": before, "new": after})
            moves[f"{_where(before)} → {_where(after)}"] += 1
        else:
            otherwise += before != after
    return {
        "old": old.version,
        "new": new.version,
        "cases": cases,
        "elsewhere": len(changes),
        "same_court_otherwise": otherwise,
        "moves": dict(moves.most_common()),
        "changes": changes,
    }


def _outcome(decision: Decision) -> dict[str, Any]:
    candidates = [[one.tribunal, one.formation] for one in decision.candidates]
    match decision:
        case Competent(chosen):
            told = {name: getattr(chosen, name) for name in ("tribunal", "formation", "rule")}
            return {**told, "reason": None, "candidates": candidates}
        case _:
            return {
                "tribunal": None,
                "formation": None,
                "rule": None,
                "reason": decision.reason,
                "candidates": candidates,
            }


def _where(outcome: dict[str, Any]) -> str:
    formation = f"/{outcome['formation']}" if outcome["formation"] else ""
    return f"{outcome['tribunal'] or outcome['reason']}{formation}"


def _places(case: Case) -> list[dict[str, Any]]:
    return [place.model_dump(mode="json") for place in case.places]
