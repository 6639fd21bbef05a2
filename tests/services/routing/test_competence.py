"""Which court is competent: total over every commune and every case, by the written order of the rules."""

import csv
import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from infoparquet_contracts.codes import Ground, UnroutableReason
from infoparquet_contracts.facts import Routed
from infoparquet_contracts.parts import Candidate, Place

from reference import default_url, load
from reference.bundle import PACKAGED
from services.routing.competence import AERODROME_RULE, Case, Competent, Decision, Undecided, decide

REFERENCE = load(default_url())
TERRITORY = REFERENCE.territory
TODAY = dt.date(2026, 12, 1)
BORDEAUX, BAYONNE, PARIS, LYON, CLIPPERTON, ROISSY = "33063", "64102", "75056", "69123", "98901", "95527"
FACTS, RESIDENCE, SEAT, ARREST, DETENTION = Ground


def decided(*places: tuple[Ground, str | None], on: dt.date = TODAY) -> Decision:
    return decide(Case(tuple(Place(ground=ground, commune=commune) for ground, commune in places), on), TERRITORY)


def competent(*places: tuple[Ground, str | None]) -> Competent:
    decision = decided(*places)
    assert isinstance(decision, Competent)
    return decision


def courts(decision: Competent) -> list[str]:
    return [candidate.tribunal for candidate in decision.candidates]


grounds = st.sampled_from(list(Ground))
communes = st.sampled_from(sorted(REFERENCE.communes.by_code)) | st.sampled_from(
    [BORDEAUX, CLIPPERTON, ROISSY, "00000"]
)
places = st.builds(Place, ground=grounds, commune=st.none() | communes)
cases = st.builds(
    Case,
    places=st.lists(places, max_size=6).map(tuple),
    on=st.dates(dt.date(1950, 1, 1), dt.date(2040, 1, 1)),
)


def test_every_commune_leads_to_one_existing_court_but_clipperton() -> None:
    without = {
        code
        for code in REFERENCE.communes.by_code
        if getattr(decided((FACTS, code)), "tribunal", None) not in REFERENCE.courts
    }
    assert without == {CLIPPERTON}


def test_every_row_of_competence_decides_for_its_own_court() -> None:
    with (PACKAGED / "competence.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            decision = competent((FACTS, row["code_insee"]))
            assert REFERENCE.courts[decision.tribunal].code_tj == row["code_tj"]


@pytest.mark.parametrize(
    ("commune", "court"),
    [
        (BORDEAUX, "tj33063"),
        ("13004", "tj13108"),  # Arles: Tarascon
        ("22050", "tj35288"),  # Dinan: Saint-Malo, in another département
        ("67462", "tj68066"),  # Sélestat: Colmar, in another département
        ("16102", "tj16015"),  # Cognac: Angoulême
        ("74056", "tj74042"),  # Chamonix: Bonneville
        ("77284", "tj77291"),  # Meaux, whose code Judilibre gives as 77291
        ("97422", "tj97416"),  # Le Tampon: Saint-Pierre de La Réunion
        ("97613", "tj97611"),  # M'Tsangamouji: Mamoudzou
        ("97502", "tj97502"),
        ("98714", "tj98735"),  # Bora-Bora: Papeete
        ("98613", "tj98613"),
        ("98413", "tj97411"),  # Crozet, of the TAAF: Saint-Denis de La Réunion
        ("2B148", "tj2b033"),
    ],
)
def test_the_place_of_the_facts_decides(commune: str, court: str) -> None:
    decision = competent((FACTS, commune))
    assert (decision.tribunal, decision.rule, decision.legal_basis) == (court, "cpp-43-facts", "CPP art. 43")
    assert decision.matched.places == (Place(ground=FACTS, commune=commune),)


@pytest.mark.parametrize(("part", "court"), [("13201", "tj13055"), ("75108", "tj75056"), ("48162", "tj48095")])
def test_a_part_of_a_commune_has_the_court_of_the_commune(part: str, court: str) -> None:
    assert competent((FACTS, part)).tribunal == court
    attachment = TERRITORY.attachment(part)
    assert attachment is not None
    assert attachment.inherited_from == REFERENCE.communes.by_code[part].parent


@pytest.mark.parametrize("kind", ["COMD", "COMA", "ARM"])
def test_every_part_of_a_commune_is_decided_as_the_commune(kind: str) -> None:
    for commune in REFERENCE.communes.by_code.values():
        if commune.kind == kind:
            assert competent((FACTS, commune.code)).tribunal == competent((FACTS, commune.parent)).tribunal


def test_the_first_place_of_the_facts_decides_and_the_others_are_candidates() -> None:
    decision = competent((FACTS, BORDEAUX), (FACTS, LYON), (FACTS, PARIS), (FACTS, LYON))
    assert decision.tribunal == "tj33063"
    assert courts(decision) == ["tj69123", "tj75056"]


def test_the_other_grounds_are_candidates_in_the_order_of_the_rules() -> None:
    decision = competent((DETENTION, "59350"), (ARREST, LYON), (SEAT, PARIS), (RESIDENCE, BAYONNE), (FACTS, BORDEAUX))
    assert decision.tribunal == "tj33063"
    assert [(other.tribunal, other.rule) for other in decision.candidates] == [
        ("tj64102", "cpp-43-residence"),
        ("tj75056", "cpp-706-42-seat"),
        ("tj69123", "cpp-43-arrest"),
        ("tj59350", "cpp-43-detention"),
    ]


@pytest.mark.parametrize(
    ("ground", "rule", "legal_basis"),
    [
        (RESIDENCE, "cpp-43-residence", "CPP art. 43"),
        (SEAT, "cpp-706-42-seat", "CPP art. 706-42"),
        (ARREST, "cpp-43-arrest", "CPP art. 43"),
        (DETENTION, "cpp-43-detention", "CPP art. 43"),
    ],
)
def test_another_ground_decides_when_no_place_of_the_facts_does(ground: Ground, rule: str, legal_basis: str) -> None:
    decision = competent((FACTS, None), (ground, BAYONNE))
    assert (decision.tribunal, decision.rule, decision.legal_basis) == ("tj64102", rule, legal_basis)


def test_a_place_that_leads_to_no_court_leaves_the_decision_to_the_next() -> None:
    assert competent((FACTS, None), (FACTS, CLIPPERTON), (FACTS, LYON)).tribunal == "tj69123"


@pytest.mark.parametrize(
    ("given_places", "reason"),
    [
        ((), UnroutableReason.NO_PLACE_OF_FACTS),
        (((FACTS, None),), UnroutableReason.PLACE_WITHOUT_COMMUNE),
        (((FACTS, None), (RESIDENCE, None)), UnroutableReason.PLACE_WITHOUT_COMMUNE),
        (((FACTS, CLIPPERTON),), UnroutableReason.COMMUNE_WITHOUT_COURT),
        (((FACTS, CLIPPERTON), (FACTS, None)), UnroutableReason.COMMUNE_WITHOUT_COURT),
        (((FACTS, "00000"),), UnroutableReason.COMMUNE_WITHOUT_COURT),
    ],
)
def test_what_nothing_decides_has_a_reason(
    given_places: tuple[tuple[Ground, str | None], ...], reason: UnroutableReason
) -> None:
    assert decided(*given_places) == Undecided(reason)


def test_a_rule_decides_only_while_it_is_in_force() -> None:
    before, since = dt.date(2004, 3, 9), dt.date(2004, 3, 10)
    assert decided((DETENTION, LYON), on=before) == Undecided(UnroutableReason.OUTSIDE_VALIDITY)
    assert isinstance(decided((DETENTION, LYON), on=since), Competent)


def test_a_repealed_rule_gives_way_to_the_next() -> None:
    repealed = tuple(
        rule.model_copy(update={"until": TODAY}) if rule.ground is FACTS else rule for rule in TERRITORY.rules
    )
    case = Case((Place(ground=FACTS, commune=BORDEAUX), Place(ground=RESIDENCE, commune=BAYONNE)), TODAY)
    territory = replace(TERRITORY, rules=repealed)
    last_day, day_after = decide(case, territory), decide(replace(case, on=TODAY + dt.timedelta(1)), territory)
    assert isinstance(last_day, Competent)
    assert isinstance(day_after, Competent)
    assert (last_day.tribunal, day_after.tribunal) == ("tj33063", "tj64102")


def test_a_commune_cut_by_an_aerodrome_is_decided_by_commune_and_shows_the_other_court() -> None:
    decision = competent((FACTS, ROISSY))
    assert decision.tribunal == "tj95500"
    assert [(other.tribunal, other.rule) for other in decision.candidates] == [("tj93008", AERODROME_RULE)]
    assert decision.to_confirm


def test_an_aerodrome_of_the_same_court_changes_nothing() -> None:
    decision = competent((FACTS, "93030"))
    assert (decision.tribunal, decision.candidates, decision.to_confirm) == ("tj93008", (), False)


def test_a_commune_whose_court_is_doubtful_says_so() -> None:
    assert competent((FACTS, "85001")).to_confirm
    assert not competent((FACTS, BORDEAUX)).to_confirm


@given(cases)
@settings(deadline=None, max_examples=200)
def test_every_case_ends_in_an_existing_court_or_a_reason(case: Case) -> None:
    match decide(case, TERRITORY):
        case Competent() as decision:
            seen = [decision.tribunal, *courts(decision)]
            assert len(seen) == len(set(seen))
            assert set(seen) <= set(REFERENCE.courts)
            (place,) = decision.matched.places
            assert place in case.places
        case Undecided(reason):
            assert reason in UnroutableReason


@given(cases)
@settings(deadline=None, max_examples=150)
def test_the_order_of_the_grounds_changes_nothing(case: Case) -> None:
    # A stable sort: the places of one ground stay in the administration's order, which does count.
    moved = replace(case, places=tuple(sorted(case.places, key=lambda place: str(place.ground), reverse=True)))
    assert decide(moved, TERRITORY) == decide(case, TERRITORY)


@given(cases, places)
@settings(deadline=None, max_examples=150)
def test_a_place_added_after_the_facts_never_moves_the_court(case: Case, place: Place) -> None:
    decision = decide(case, TERRITORY)
    if isinstance(decision, Competent) and decision.matched.places[0].ground is FACTS:
        with_more = decide(replace(case, places=(*case.places, place)), TERRITORY)
        assert isinstance(with_more, Competent)
        assert with_more.tribunal == decision.tribunal


@given(cases)
@settings(deadline=None, max_examples=100)
def test_a_decision_fits_the_fact_that_carries_it(case: Case) -> None:
    decision = decide(case, TERRITORY)
    if isinstance(decision, Competent):
        others = (
            Candidate(tribunal=one.tribunal, formation=one.formation, rule=one.rule) for one in decision.candidates
        )
        routed = Routed(
            tribunal=decision.tribunal,
            formation=decision.formation,
            rule=decision.rule,
            legal_basis=decision.legal_basis,
            matched=decision.matched,
            candidates=tuple(others),
            rule_set=REFERENCE.version,
        )
        assert Routed.model_validate_json(routed.model_dump_json()) == routed
