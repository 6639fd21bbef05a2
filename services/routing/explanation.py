"""A decision in words and as the answer of `GET /v1/competence`: rendered each time from the decision, never stored.

French administrative prose; the court, the place, the article, and whatever remains to be confirmed.
"""

from collections.abc import Iterator
from typing import Any, Final

from infoparquet_contracts.codes import Ground, UnroutableReason
from infoparquet_contracts.parts import Place

from reference import Reference
from services.routing.competence import AERODROME_RULE, Candidate, Competent, Decision, Undecided
from services.routing.wording import court_name, locate, typographic

_BECAUSE: Final = {
    Ground.FACTS: "les faits signalés ont eu lieu",
    Ground.RESIDENCE: "l’une des personnes soupçonnées réside",
    Ground.SEAT: "la personne morale mise en cause a son siège",
    Ground.ARREST: "l’une des personnes soupçonnées a été arrêtée",
    Ground.DETENTION: "l’une des personnes soupçonnées est détenue",
}
_UNDECIDED: Final = {
    UnroutableReason.NO_PLACE_OF_FACTS: "aucun lieu n’est indiqué",
    UnroutableReason.PLACE_WITHOUT_COMMUNE: "aucun des lieux indiqués n’est rattaché à une commune",
    UnroutableReason.COMMUNE_WITHOUT_COURT: "les données de référence ne rattachent ce lieu à aucun tribunal",
    UnroutableReason.OUTSIDE_VALIDITY: "aucune règle en vigueur à cette date ne retient les lieux indiqués",
}
_CODES: Final = {"CPP": "du code de procédure pénale", "COJ": "du code de l’organisation judiciaire"}


def explain(decision: Decision, reference: Reference) -> str:
    """The decision in one paragraph, as an agent or a magistrate reads it."""
    match decision:
        case Competent():
            return " ".join(_sentences(decision, reference))
        case Undecided(reason):
            cause = _UNDECIDED.get(reason, reason.label[0].lower() + reason.label[1:])
            return f"Aucun tribunal ne peut être désigné : {cause}. Un opérateur désignera le parquet compétent."


def render_answer(decision: Decision, reference: Reference) -> dict[str, Any]:
    """The JSON of `GET /v1/competence`."""
    answer: dict[str, Any] = {"tribunal": None, "formation": None, "rule": None, "legal_basis": None}
    match decision:
        case Competent():
            answer = {name: getattr(decision, name) for name in answer}
            candidates = [_render_candidate(candidate, reference) for candidate in decision.candidates]
        case Undecided(reason):
            answer["reason"] = reason
            candidates = []
    return answer | {
        "explanation": explain(decision, reference),
        "candidates": candidates,
        "rule_set": reference.version,
    }


def _render_candidate(candidate: Candidate, reference: Reference) -> dict[str, Any]:
    return {
        "tribunal": candidate.tribunal,
        "formation": candidate.formation,
        "rule": candidate.rule,
        "why": _why(candidate, reference),
    }


def _sentences(decision: Competent, reference: Reference) -> Iterator[str]:
    place = decision.matched.places[0]
    court = _prosecutor(decision.tribunal, reference)
    # Article 43 ranks nobody first: that the place of the facts decides before the others is this system's policy.
    opening = "Le" if place.ground is Ground.FACTS else "Faute de lieu des faits qui désigne un tribunal, le"
    yield (
        f"{opening} {court} est compétent parce que {_because(place, reference)}, "
        f"lieu qui relève de son ressort ({_article(decision.legal_basis)})."
    )
    others = [
        f"le {_prosecutor(other.tribunal, reference)}, {_grounds(other, reference)}" for other in decision.candidates
    ]
    if others:
        could = "Pourrait également être saisi" if len(others) == 1 else "Pourraient également être saisis"
        yield f"{could} {' ; '.join(others)}."
    if decision.to_confirm:
        yield "Le rattachement de ce lieu à ce tribunal appelle une vérification."


def _grounds(candidate: Candidate, reference: Reference) -> str:
    why = _why(candidate, reference)
    return why if candidate.rule == AERODROME_RULE else f"car {why}"


def _why(candidate: Candidate, reference: Reference) -> str:
    if candidate.rule != AERODROME_RULE:
        return _because(candidate.place, reference)
    zones = reference.territory.zones[candidate.place.commune or ""]
    names = " et de l’".join(zone.name for zone in zones if zone.court.code == candidate.tribunal)
    return f"pour la partie de la commune comprise dans l’emprise de l’{typographic(names.replace('Aéro', 'aéro'))}"


def _because(place: Place, reference: Reference) -> str:
    return f"{_BECAUSE[place.ground]} {locate(reference.communes.by_code[place.commune or ''], reference.communes)}"


def _prosecutor(tribunal: str, reference: Reference) -> str:
    return f"procureur de la République près le {court_name(reference.courts[tribunal])}"


def _article(legal_basis: str) -> str:
    """« CPP art. 43 » in full; an article of a code not listed stays as it is cited."""
    code, _, article = legal_basis.partition(" art. ")
    return f"article {article} {_CODES[code]}" if code in _CODES else legal_basis
