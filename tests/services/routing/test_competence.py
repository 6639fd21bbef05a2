"""Which court is competent: total over every commune and every case, by the written order of the rules."""

import csv
import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from infoparquet_contracts.codes import Formation, Ground, Kind, UnroutableReason
from infoparquet_contracts.facts import Routed
from infoparquet_contracts.parts import GroundedCandidate, Matched, Place

from reference import default_url, load
from reference.bundle import PACKAGED
from reference.courts import NATIONAL_PROSECUTORS
from reference.law import Law
from reference.rules import Rules
from services.routing.competence import AERODROME_RULE, Case, Competent, Decision, Undecided, decide

REFERENCE = load(default_url())
LAW = REFERENCE.law
TODAY = dt.date(2026, 12, 1)
BORDEAUX, BAYONNE, PARIS, LYON, CLIPPERTON, ROISSY = "33063", "64102", "75056", "69123", "98901", "95527"
FACTS, RESIDENCE, SEAT, ARREST, DETENTION = Ground


def decided(*places: tuple[Ground, str | None], on: dt.date = TODAY) -> Decision:
    return decide(Case(tuple(Place(ground=ground, commune=commune) for ground, commune in places), on), LAW)


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
places = st.builds(
    Place, ground=grounds, commune=st.none() | communes, aerodrome=st.sampled_from([None, None, True, False])
)
natinf = st.sampled_from([*REFERENCE.natinf, "1", "99999"])
nataff = st.sampled_from([*REFERENCE.nataff, "J51", "Z"])
cases = st.builds(
    Case,
    places=st.lists(places, max_size=6).map(tuple),
    on=st.dates(dt.date(1950, 1, 1), dt.date(2040, 1, 1)),
    natinf=st.lists(natinf, max_size=4).map(tuple),
    nataff=st.lists(nataff, max_size=3).map(tuple),
    kind=st.none() | st.sampled_from(list(Kind)),
)


def test_every_commune_leads_to_one_existing_court_but_clipperton_and_those_that_an_aerodrome_cuts() -> None:
    without = set()
    for code in REFERENCE.communes.by_code:
        match decided((FACTS, code)):
            case Competent(chosen, _):
                assert chosen.tribunal in REFERENCE.courts
            case Undecided(reason):
                without.add((code, reason))
    asked = {(code, UnroutableReason.PRECINCTS_UNKNOWN) for code in LAW.territory.divided}
    assert without == {(CLIPPERTON, UnroutableReason.COMMUNE_WITHOUT_COURT)} | asked
    assert len(asked) == 13


def test_every_row_of_competence_decides_for_its_own_court() -> None:
    with (PACKAGED / "competence.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["code_insee"] in LAW.territory.divided:
                continue
            decision = competent((FACTS, row["code_insee"]))
            assert REFERENCE.courts[decision.chosen.tribunal].code_tj == row["code_tj"]


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
    assert (decision.chosen.tribunal, decision.chosen.rule, decision.chosen.legal_basis) == (
        court,
        "cpp-43-facts",
        "CPP art. 43",
    )
    assert decision.chosen.matched.places == (Place(ground=FACTS, commune=commune),)


@pytest.mark.parametrize(("part", "court"), [("13201", "tj13055"), ("75108", "tj75056"), ("48162", "tj48095")])
def test_a_part_of_a_commune_has_the_court_of_the_commune(part: str, court: str) -> None:
    assert competent((FACTS, part)).chosen.tribunal == court
    attachment = LAW.territory.attachment(part)
    assert attachment is not None
    assert attachment.inherited_from == REFERENCE.communes.by_code[part].parent


@pytest.mark.parametrize("kind", ["COMD", "COMA", "ARM"])
def test_every_part_of_a_commune_is_decided_as_the_commune(kind: str) -> None:
    for commune in REFERENCE.communes.by_code.values():
        if commune.kind == kind:
            assert (
                competent((FACTS, commune.code)).chosen.tribunal == competent((FACTS, commune.parent)).chosen.tribunal
            )


def test_the_first_place_of_the_facts_decides_and_the_others_are_candidates() -> None:
    decision = competent((FACTS, BORDEAUX), (FACTS, LYON), (FACTS, PARIS), (FACTS, LYON))
    assert decision.chosen.tribunal == "tj33063"
    assert courts(decision) == ["tj69123", "tj75056"]


def test_the_other_grounds_are_candidates_in_the_order_of_the_rules() -> None:
    decision = competent((DETENTION, "59350"), (ARREST, LYON), (SEAT, PARIS), (RESIDENCE, BAYONNE), (FACTS, BORDEAUX))
    assert decision.chosen.tribunal == "tj33063"
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
    assert (decision.chosen.tribunal, decision.chosen.rule, decision.chosen.legal_basis) == (
        "tj64102",
        rule,
        legal_basis,
    )


def test_a_place_that_leads_to_no_court_leaves_the_decision_to_the_next() -> None:
    assert competent((FACTS, None), (FACTS, CLIPPERTON), (FACTS, LYON)).chosen.tribunal == "tj69123"


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
        rule.model_copy(update={"until": TODAY}) if rule.ground is FACTS else rule for rule in LAW.rules.territorial
    )
    case = Case((Place(ground=FACTS, commune=BORDEAUX), Place(ground=RESIDENCE, commune=BAYONNE)), TODAY)
    law = replace(LAW, rules=Rules(repealed, (), REFERENCE.natinf))
    last_day, day_after = decide(case, law), decide(replace(case, on=TODAY + dt.timedelta(1)), law)
    assert isinstance(last_day, Competent)
    assert isinstance(day_after, Competent)
    assert (last_day.chosen.tribunal, day_after.chosen.tribunal) == ("tj33063", "tj64102")


def test_a_commune_cut_by_an_aerodrome_is_asked_about_and_shows_both_courts() -> None:
    decision = decided((FACTS, ROISSY))
    assert isinstance(decision, Undecided)
    assert decision.reason is UnroutableReason.PRECINCTS_UNKNOWN
    assert [(one.tribunal, one.rule) for one in decision.candidates] == [
        ("tj95500", "cpp-43-facts"),
        ("tj93008", AERODROME_RULE),
    ]


@pytest.mark.parametrize(
    ("inside", "court", "rule", "legal_basis"),
    [
        (True, "tj93008", AERODROME_RULE, "CPP art. 43; COJ art. D211-1"),
        (False, "tj95500", "cpp-43-facts", "CPP art. 43"),
    ],
)
def test_who_says_on_which_side_of_the_precincts_it_was_is_answered(
    inside: bool, court: str, rule: str, legal_basis: str
) -> None:
    place = Place(ground=FACTS, commune=ROISSY, aerodrome=inside)
    decision = decide(Case((place,), TODAY), LAW)
    assert isinstance(decision, Competent)
    chosen = decision.chosen
    assert (chosen.tribunal, chosen.rule, chosen.legal_basis) == (court, rule, legal_basis)
    # The communes that an aerodrome cuts are known from no source at hand.
    assert not chosen.sure


def test_another_place_decides_while_the_first_is_asked_about() -> None:
    decision = competent((FACTS, ROISSY), (FACTS, LYON))
    assert decision.chosen.tribunal == "tj69123"
    assert courts(decision) == ["tj95500", "tj93008"]


def test_an_aerodrome_of_the_same_court_changes_nothing() -> None:
    decision = competent((FACTS, "93030"))
    assert (decision.chosen.tribunal, decision.candidates, decision.chosen.sure) == ("tj93008", (), True)


def test_a_commune_whose_court_is_doubtful_says_so() -> None:
    assert not competent((FACTS, "85001")).chosen.sure
    assert competent((FACTS, BORDEAUX)).chosen.sure


def specialised(*, verified: bool, kinds: tuple[Kind, ...] = ()) -> Law:
    """The law with the rule on market abuse changed, and the abuses of NATINF 7."""
    subjects = []
    for subject in LAW.rules.subjects:
        if subject.rule.id == "cpp-705-1-market-abuse":
            rule = subject.rule.model_copy(update={"verified": verified, "kinds": kinds})
            matter = subject.matter.model_copy(update={"natinf": ("7",)})
            subjects.append(replace(subject, rule=rule, matter=matter))
    return replace(LAW, rules=Rules(LAW.rules.territorial, tuple(subjects), REFERENCE.natinf))


ABUSE = Case((Place(ground=FACTS, commune=BORDEAUX),), TODAY, natinf=("7",), kind=Kind.REPORT)


def test_an_exclusive_jurisdiction_decides_and_the_local_court_is_a_candidate() -> None:
    decision = decide(ABUSE, specialised(verified=True))
    assert isinstance(decision, Competent)
    chosen = decision.chosen
    assert (chosen.tribunal, chosen.formation, chosen.legal_basis) == ("pnf", None, "CPP art. 705-1")
    assert chosen.matched == Matched(natinf=("7",))
    assert courts(decision) == ["tj33063"]


def test_an_exclusive_jurisdiction_needs_no_place() -> None:
    decision = decide(replace(ABUSE, places=(Place(ground=FACTS, commune=None),)), specialised(verified=True))
    assert isinstance(decision, Competent)
    assert decision.chosen.tribunal == "pnf"


def test_the_same_rule_unverified_only_informs() -> None:
    decision = decide(ABUSE, specialised(verified=False))
    assert isinstance(decision, Competent)
    assert decision.chosen.tribunal == "tj33063"
    (told,) = decision.candidates
    assert (told.tribunal, told.informed, told.sure) == ("pnf", True, False)
    nowhere = decide(replace(ABUSE, places=(Place(ground=FACTS, commune=None),)), specialised(verified=False))
    assert nowhere == Undecided(UnroutableReason.PLACE_WITHOUT_COMMUNE, (told,))


def test_a_rule_for_other_kinds_of_procedure_is_none() -> None:
    law = specialised(verified=True, kinds=(Kind.COMPLAINT,))
    assert getattr(decide(ABUSE, law), "candidates", None) == ()
    complaint = decide(replace(ABUSE, kind=Kind.COMPLAINT), law)
    assert isinstance(complaint, Competent)
    assert complaint.chosen.tribunal == "pnf"


@pytest.mark.parametrize(
    ("commune", "formation", "seat"),
    [
        ("2A004", "jirs", "tj13055"),
        ("59350", "jirs", "tj59350"),
        ("29019", "environment", "tj29019"),
        ("2A004", "financial", "tj2b033"),
    ],
)
def test_a_regional_seat_is_that_of_the_local_courts_region(commune: str, formation: str, seat: str) -> None:
    place = Place(ground=FACTS, commune=commune)
    decision = decide(Case((place,), TODAY, nataff=("C7", "J5", "E5")), LAW)
    seats = {one.formation: (one.tribunal, one.place) for one in decision.candidates}
    assert seats[Formation(formation)] == (seat, place)


def test_a_jurisdiction_is_told_only_since_it_exists() -> None:
    case = Case((Place(ground=FACTS, commune=BORDEAUX),), dt.date(2026, 1, 4), nataff=("C7",))
    before, since = decide(case, LAW), decide(replace(case, on=dt.date(2026, 1, 5)), LAW)
    assert "pnaco" not in [one.tribunal for one in before.candidates]
    assert "pnaco" in [one.tribunal for one in since.candidates]


@given(cases)
@settings(deadline=None, max_examples=200)
def test_every_case_ends_in_an_existing_court_or_a_reason(case: Case) -> None:
    decision = decide(case, LAW)
    assert decide(case, LAW) == decision
    seen = [(one.tribunal, one.formation) for one in decision.candidates]
    match decision:
        case Competent(chosen, _):
            seen.append((chosen.tribunal, chosen.formation))
            assert chosen.place in case.places
        case Undecided(reason, _):
            assert reason in UnroutableReason
    assert len(seen) == len(set(seen))
    assert {tribunal for tribunal, _ in seen} <= {*REFERENCE.courts, *NATIONAL_PROSECUTORS}


@given(cases)
@settings(deadline=None, max_examples=150)
def test_no_rule_about_offences_changes_the_court_that_the_places_give(case: Case) -> None:
    with_codes, without = decide(case, LAW), decide(replace(case, natinf=(), nataff=()), LAW)
    assert getattr(with_codes, "chosen", None) == getattr(without, "chosen", None)
    assert set(without.candidates) <= set(with_codes.candidates)


@given(cases)
@settings(deadline=None, max_examples=150)
def test_the_order_of_the_grounds_changes_nothing(case: Case) -> None:
    # A stable sort: the places of one ground stay in the administration's order, which does count.
    moved = replace(case, places=tuple(sorted(case.places, key=lambda place: str(place.ground), reverse=True)))
    assert decide(moved, LAW) == decide(case, LAW)


@given(cases, places)
@settings(deadline=None, max_examples=150)
def test_a_place_added_after_the_facts_never_moves_the_court(case: Case, place: Place) -> None:
    decision = decide(case, LAW)
    if isinstance(decision, Competent) and decision.chosen.place is not None and decision.chosen.place.ground is FACTS:
        with_more = decide(replace(case, places=(*case.places, place)), LAW)
        assert isinstance(with_more, Competent)
        assert with_more.chosen.tribunal == decision.chosen.tribunal


@given(cases)
@settings(deadline=None, max_examples=100)
def test_a_decision_fits_the_fact_that_carries_it(case: Case) -> None:
    decision = decide(case, LAW)
    if isinstance(decision, Competent):
        others = (
            GroundedCandidate(
                tribunal=one.tribunal,
                formation=one.formation,
                rule=one.rule,
                legal_basis=one.legal_basis,
                informed=one.informed,
            )
            for one in decision.candidates
        )
        routed = Routed(
            tribunal=decision.chosen.tribunal,
            formation=decision.chosen.formation,
            rule=decision.chosen.rule,
            legal_basis=decision.chosen.legal_basis,
            matched=decision.chosen.matched,
            candidates=tuple(others),
            rule_set=REFERENCE.version,
        )
        assert Routed.model_validate_json(routed.model_dump_json()) == routed


@given(cases, st.integers(0, len(LAW.rules.subjects) - 1))
@settings(deadline=None, max_examples=150)
def test_a_rule_that_is_added_changes_no_decision_it_does_not_match(case: Case, at: int) -> None:
    subjects = LAW.rules.subjects
    law = replace(LAW, rules=Rules(LAW.rules.territorial, subjects[:at] + subjects[at + 1 :], REFERENCE.natinf))
    decision = decide(case, LAW)
    if subjects[at].rule.id not in [one.rule for one in decision.candidates]:
        assert decide(case, law) == decision
