"""A decision in words and as JSON: the court, the place, the article, and nothing silently guessed."""

import datetime as dt
import json

import pytest
from infoparquet_contracts.codes import Ground, UnroutableReason
from infoparquet_contracts.parts import Place

from reference import default_url, load
from services.routing.competence import Case, Undecided, decide
from services.routing.explanation import explain, render_answer

REFERENCE = load(default_url())
FACTS, RESIDENCE, SEAT, ARREST, DETENTION = Ground


def said(*places: tuple[Ground, str | None]) -> str:
    given = tuple(Place(ground=ground, commune=commune) for ground, commune in places)
    return explain(decide(Case(given, dt.date(2026, 12, 1)), REFERENCE.law), REFERENCE)


def test_the_court_the_place_and_the_article_are_named() -> None:
    assert said((FACTS, "33063")) == (
        "Le procureur de la République près le tribunal judiciaire de Bordeaux est compétent parce que les faits "
        "signalés ont eu lieu dans la commune de Bordeaux (Gironde), lieu qui relève de son ressort "
        "(article 43 du code de procédure pénale)."
    )


@pytest.mark.parametrize(
    ("commune", "words"),
    [
        (
            "76351",
            "tribunal judiciaire du Havre est compétent parce que les faits signalés ont eu lieu dans la commune du H",
        ),
        ("85194", "tribunal judiciaire des Sables-d’Olonne"),
        ("91228", "dans la commune d’Évry-Courcouronnes (Essonne)"),
        ("94038", "dans la commune de L’Haÿ-les-Roses (Val-de-Marne)"),
        ("98832", "dans la commune de Yaté (Nouvelle-Calédonie)"),
        ("91691", "dans la commune de Yerres (Essonne)"),
        ("76758", "dans la commune d’Yvetot (Seine-Maritime)"),
        ("75056", "dans la commune de Paris, lieu"),
        ("75108", "dans le 8e arrondissement de Paris"),
        (
            "48162",
            "commune déléguée de Saint-Julien-d’Arpaon, qui fait partie de la commune de Cans et Cévennes (Lozère)",
        ),
        ("31483", "tribunal judiciaire de Saint-Gaudens"),
        ("98818", "tribunal de première instance de Nouméa"),
        ("98413", "dans les Terres australes et antarctiques françaises (Archipel des Crozet)"),
        ("02311", "dans l’ancienne commune 02311 (Aisne)"),
    ],
)
def test_names_stand_in_the_sentence_as_french_wants(commune: str, words: str) -> None:
    assert words in said((FACTS, commune))


@pytest.mark.parametrize(
    ("ground", "words"),
    [
        (RESIDENCE, "parce que l’une des personnes soupçonnées réside dans la commune de Bayonne"),
        (SEAT, "la personne morale mise en cause a son siège dans la commune de Bayonne"),
        (ARREST, "l’une des personnes soupçonnées a été arrêtée dans la commune de Bayonne"),
        (DETENTION, "l’une des personnes soupçonnées est détenue dans la commune de Bayonne"),
    ],
)
def test_another_ground_says_that_no_place_of_the_facts_decided(ground: Ground, words: str) -> None:
    text = said((ground, "64102"))
    assert text.startswith("Faute de lieu des faits qui désigne un tribunal, le procureur de la République")
    assert words in text


def test_the_seat_of_a_legal_person_rests_on_its_own_article() -> None:
    assert "(article 706-42 du code de procédure pénale)" in said((SEAT, "64102"))


def test_the_other_courts_are_named_with_their_reasons() -> None:
    assert said((FACTS, "33063"), (FACTS, "69123"), (RESIDENCE, "64102")).endswith(
        "Pourraient également être saisis le procureur de la République près le tribunal judiciaire de Lyon, car les "
        "faits signalés ont eu lieu dans la commune de Lyon (Rhône) ; le procureur de la République près le tribunal "
        "judiciaire de Bayonne, car l’une des personnes soupçonnées réside dans la commune de Bayonne "
        "(Pyrénées-Atlantiques)."
    )


def test_a_commune_cut_by_an_aerodrome_is_asked_about() -> None:
    assert said((FACTS, "95527")) == (
        "Aucun tribunal ne peut être désigné : l’emprise d’un aérodrome coupe la commune, et rien ne dit si les faits "
        "y ont eu lieu. Pourraient être saisis le procureur de la République près le tribunal judiciaire de Pontoise, "
        "car les faits signalés ont eu lieu dans la commune de Roissy-en-France (Val-d’Oise) ; le procureur de la "
        "République près le tribunal judiciaire de Bobigny, pour la partie de la commune comprise dans l’emprise de "
        "l’aérodrome de Roissy-Charles-de-Gaulle. Un opérateur désignera le parquet compétent."
    )


def test_the_side_of_the_precincts_stands_in_the_sentence() -> None:
    place = Place(ground=FACTS, commune="95527", aerodrome=True)
    text = explain(decide(Case((place,), dt.date(2026, 12, 1)), REFERENCE.law), REFERENCE)
    assert "dans la commune de Roissy-en-France (Val-d’Oise), dans l’emprise de l’aérodrome de Roissy" in text
    assert "article D211-1 du code de l’organisation judiciaire" in text
    assert text.endswith("Le rattachement de ce lieu à ce tribunal appelle une vérification.")


def about(commune: str, *nataff: str) -> str:
    case = Case((Place(ground=FACTS, commune=commune),), dt.date(2026, 12, 1), nataff=nataff)
    return explain(decide(case, REFERENCE.law), REFERENCE)


def test_a_specialised_court_elsewhere_is_told_and_why() -> None:
    assert about("2A004", "C7").endswith(
        "Le procureur de la République près le tribunal judiciaire de Marseille (juridiction interrégionale "
        "spécialisée – criminalité organisée) en est informé et peut être saisi dans les affaires d’une grande "
        "complexité, car les faits relèvent de la criminalité organisée (NATAFF C7) (articles 706-75 et D47-13 du "
        "code de procédure pénale)."
    )
    assert "Le parquet national anticriminalité organisée en est informé et peut être saisi" in about("2A004", "C7")


def test_a_formation_of_the_court_itself_is_named_as_such_and_what_is_unverified_says_so() -> None:
    assert about("33063", "J5").endswith(
        "Ce tribunal comprend la formation spécialisée (pôle régional environnemental), qui peut être saisie dans les "
        "affaires complexes, car les faits relèvent des atteintes à l’environnement (NATAFF J5) (articles 706-2-3 et "
        "D47-5-1 du code de procédure pénale ; article L211-20 du code de l’organisation judiciaire) ; cette règle ou "
        "ce siège appelle une vérification."
    )


@pytest.mark.parametrize("reason", UnroutableReason)
def test_every_reason_is_explained(reason: UnroutableReason) -> None:
    text = explain(Undecided(reason), REFERENCE)
    assert text.startswith("Aucun tribunal ne peut être désigné : ")
    assert text.endswith("Un opérateur désignera le parquet compétent.")


def test_every_commune_can_be_put_into_words() -> None:
    for code in REFERENCE.communes.by_code:
        text = said((FACTS, code))
        assert "'" not in text
        assert "None " not in text


def test_the_answer_is_that_of_the_interface() -> None:
    case = Case((Place(ground=FACTS, commune="33063"), Place(ground=RESIDENCE, commune="64102")), dt.date(2026, 12, 1))
    answer = json.loads(json.dumps(render_answer(decide(case, REFERENCE.law), REFERENCE)))
    assert answer.pop("explanation").startswith("Le procureur de la République près le tribunal judiciaire de Bordeaux")
    assert answer == {
        "tribunal": "tj33063",
        "formation": None,
        "rule": "cpp-43-facts",
        "legal_basis": "CPP art. 43",
        "matched": {
            "places": [{"ground": "facts", "commune": "33063", "aerodrome": None}],
            "natinf": [],
            "nataff": [],
        },
        "to_confirm": False,
        "candidates": [
            {
                "tribunal": "tj64102",
                "formation": None,
                "rule": "cpp-43-residence",
                "legal_basis": "CPP art. 43",
                "informed": False,
                "to_confirm": False,
                "why": "l’une des personnes soupçonnées réside dans la commune de Bayonne (Pyrénées-Atlantiques)",
            }
        ],
        "rule_set": "2026-11-24",
    }


def test_an_undecided_answer_has_no_tribunal_and_a_reason() -> None:
    answer = json.loads(json.dumps(render_answer(Undecided(UnroutableReason.PLACE_WITHOUT_COMMUNE), REFERENCE)))
    assert (answer["tribunal"], answer["reason"]) == (None, "place-without-commune")
    assert (answer["candidates"], answer["rule_set"]) == ([], "2026-11-24")
