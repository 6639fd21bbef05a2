"""A decision in words and as the answer of `GET /v1/competence`: rendered each time from the decision, never stored.

French administrative prose; the court, the place, the article, and whatever remains to be confirmed.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from infoparquet_contracts.codes import Ground, UnroutableReason
from infoparquet_contracts.parts import Place

from reference import Reference
from reference.courts import NATIONAL_PROSECUTORS
from reference.rules import Subject
from services.routing.competence import AERODROME_RULE, Candidate, Competent, Decision, Undecided
from services.routing.wording import court_name, locate, lower_first, typographic

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
    UnroutableReason.PRECINCTS_UNKNOWN: "l’emprise d’un aérodrome coupe la commune, et rien ne dit si les faits y ont "
    "eu lieu",
}
_CODES: Final = {"CPP": "du code de procédure pénale", "COJ": "du code de l’organisation judiciaire"}


def explain(decision: Decision, reference: Reference) -> str:
    """The decision in one paragraph, as an agent or a magistrate reads it."""
    match decision:
        case Competent(chosen, candidates):
            local, told = _local(candidates, reference, "également être saisi"), _told(candidates, chosen, reference)
            return " ".join([_chosen(chosen, reference), *local, *_doubt(chosen), *told])
        case Undecided(reason, candidates):
            cause = _UNDECIDED.get(reason, lower_first(reason.label))
            undecided = f"Aucun tribunal ne peut être désigné : {cause}."
            end = "Un opérateur désignera le parquet compétent."
            return " ".join([undecided, *_local(candidates, reference, "être saisi"), end])


def render_answer(decision: Decision, reference: Reference) -> dict[str, Any]:
    """The JSON of `GET /v1/competence`."""
    answer: dict[str, Any] = {"tribunal": None, "formation": None, "rule": None, "legal_basis": None}
    match decision:
        case Competent(chosen):
            answer = {name: getattr(chosen, name) for name in answer}
            answer |= {"matched": chosen.matched.model_dump(mode="json"), "to_confirm": not chosen.sure}
        case Undecided(reason):
            answer["reason"] = reason
    return answer | {
        "explanation": explain(decision, reference),
        "candidates": [_render_candidate(candidate, reference) for candidate in decision.candidates],
        "rule_set": reference.version,
    }


def _render_candidate(candidate: Candidate, reference: Reference) -> dict[str, Any]:
    return {
        "tribunal": candidate.tribunal,
        "formation": candidate.formation,
        "rule": candidate.rule,
        "legal_basis": candidate.legal_basis,
        "why": _why(candidate, reference),
        "informed": candidate.informed,
        "to_confirm": not candidate.sure,
    }


def _chosen(chosen: Candidate, reference: Reference) -> str:
    court, article = _prosecutor(chosen, reference), _articles(chosen.legal_basis)
    if chosen.place is None or chosen.natinf or chosen.nataff:
        return f"Le {court} est seul compétent parce que {_why(chosen, reference)} ({article})."
    # Article 43 ranks nobody first: that the place of the facts decides before the others is this system's policy.
    first = chosen.place.ground is Ground.FACTS
    opening = "Le" if first else "Faute de lieu des faits qui désigne un tribunal, le"
    where = f", {_within(chosen, reference)}" if chosen.rule == AERODROME_RULE else ""
    because = _because(chosen.place, reference)
    return f"{opening} {court} est compétent parce que {because}{where}, lieu qui relève de son ressort ({article})."


def _local(candidates: Sequence[Candidate], reference: Reference, seised: str) -> Iterator[str]:
    """The other courts that could have it."""
    local = [f"le {_prosecutor(one, reference)}, {_grounds(one, reference)}" for one in candidates if not one.informed]
    if local:
        could = f"Pourrait {seised}" if len(local) == 1 else f"Pourraient {seised}s"
        yield f"{could} {' ; '.join(local)}."


def _told(candidates: Sequence[Candidate], chosen: Candidate, reference: Reference) -> Iterator[str]:
    """Each specialised jurisdiction that does not get it, with what the law asks of it."""
    for one in candidates:
        if one.informed:
            requires = _subject(one, reference).rule.requires
            when = f" {requires}" if requires else ""
            doubt = "" if one.sure else " ; cette règle ou ce siège appelle une vérification"
            why = f"car {_why(one, reference)} ({_articles(one.legal_basis)})"
            yield f"{_who(one, chosen, reference)}{when}, {why}{doubt}."


def _who(one: Candidate, chosen: Candidate, reference: Reference) -> str:
    if one.tribunal == chosen.tribunal and one.formation is not None:
        return (
            f"Ce tribunal comprend la formation spécialisée ({lower_first(one.formation.label)}), qui peut être saisie"
        )
    return f"Le {_prosecutor(one, reference)} en est informé et peut être saisi"


def _doubt(chosen: Candidate) -> Iterator[str]:
    if not chosen.sure:
        yield "Le rattachement de ce lieu à ce tribunal appelle une vérification."


def _grounds(candidate: Candidate, reference: Reference) -> str:
    why = _why(candidate, reference)
    return why if candidate.rule == AERODROME_RULE else f"car {why}"


def _why(candidate: Candidate, reference: Reference) -> str:
    if candidate.natinf or candidate.nataff:
        return _about(candidate, reference)
    assert candidate.place is not None  # noqa: S101 - what rests on no offence rests on a place
    if candidate.rule == AERODROME_RULE:
        return f"pour la partie de la commune comprise {_within(candidate, reference)}"
    return _because(candidate.place, reference)


def _about(candidate: Candidate, reference: Reference) -> str:
    """« les faits relèvent des atteintes à l’environnement (NATAFF J5) »."""
    codes = [f"NATINF {', '.join(candidate.natinf)}"] if candidate.natinf else []
    codes += [f"NATAFF {', '.join(candidate.nataff)}"] if candidate.nataff else []
    return f"les faits relèvent {_subject(candidate, reference).matter.title} ({' ; '.join(codes)})"


def _subject(candidate: Candidate, reference: Reference) -> Subject:
    return next(one for one in reference.rules.subjects if one.rule.id == candidate.rule)


def _within(candidate: Candidate, reference: Reference) -> str:
    commune = candidate.place.commune if candidate.place else None
    zones = reference.territory.zones.get(commune or "", ())
    names = " et de l’".join(zone.name for zone in zones if zone.court.code == candidate.tribunal)
    return f"dans l’emprise de l’{typographic(names.replace('Aéro', 'aéro'))}"


def _because(place: Place, reference: Reference) -> str:
    return f"{_BECAUSE[place.ground]} {locate(reference.communes.by_code[place.commune or ''], reference.communes)}"


def _prosecutor(candidate: Candidate, reference: Reference) -> str:
    if candidate.tribunal in NATIONAL_PROSECUTORS:
        return lower_first(NATIONAL_PROSECUTORS[candidate.tribunal])
    prosecutor = f"procureur de la République près le {court_name(reference.courts[candidate.tribunal])}"
    return prosecutor if candidate.formation is None else f"{prosecutor} ({lower_first(candidate.formation.label)})"


def _articles(legal_basis: str) -> str:
    """« CPP art. 43 » in full, « article 43 du code de procédure pénale »."""
    return " ; ".join(_article(one) for one in legal_basis.split("; "))


def _article(citation: str) -> str:
    code, _, articles = citation.partition(" art. ")
    several = "articles" if " et " in articles or "," in articles or " à " in articles else "article"
    return f"{several} {articles} {_CODES[code]}" if code in _CODES else citation
