"""Which court after which refusals, by the rules as they are; pure."""

import pytest
from infoparquet_contracts.codes import Ground
from infoparquet_contracts.facts import Routed, Unroutable
from infoparquet_contracts.parts import Place

from tests.builders import a_submission
from tests.services.routing.world import BORDEAUX, LYON, PARIS, deciding

ONE_PLACE = a_submission(commune="33063")
TWO_PLACES = a_submission(commune="33063").model_copy(
    update={
        "places": (
            Place(ground=Ground.FACTS, commune="33063"),
            Place(ground=Ground.RESIDENCE, commune="75056"),
        )
    }
)


def test_the_rules_decide_at_first() -> None:
    decided = deciding().decide(TWO_PLACES, (), ())
    assert isinstance(decided, Routed)
    assert (decided.tribunal, decided.rule) == (BORDEAUX, "cpp-43-facts")
    assert [(one.tribunal, one.rule) for one in decided.candidates] == [(PARIS, "cpp-43-residence")]


def test_the_court_that_the_declining_one_names_is_chosen_before_the_rules_candidates() -> None:
    decided = deciding().decide(TWO_PLACES, (BORDEAUX,), (LYON, PARIS))
    assert isinstance(decided, Routed)
    assert (decided.tribunal, decided.rule, decided.legal_basis) == (LYON, "named-by-declining-court", "CPP art. 43")
    assert (decided.matched.places, decided.candidates) == ((), ())


@pytest.mark.parametrize("named", ["tj00000", BORDEAUX])
def test_a_named_court_that_is_unknown_or_declined_is_passed_over(named: str) -> None:
    decided = deciding().decide(ONE_PLACE, (BORDEAUX,), (named, LYON))
    assert isinstance(decided, Routed)
    assert decided.tribunal == LYON
    assert deciding().decide(ONE_PLACE, (BORDEAUX,), (named,)) == deciding().decide(ONE_PLACE, (BORDEAUX,), ())


def test_the_next_candidate_is_chosen_by_its_own_rule_and_place() -> None:
    decided = deciding().decide(TWO_PLACES, (BORDEAUX,), ())
    assert isinstance(decided, Routed)
    assert (decided.tribunal, decided.rule, decided.candidates) == (PARIS, "cpp-43-residence", ())
    assert decided.matched.places == (TWO_PLACES.places[1],)
    assert decided.legal_basis == "CPP art. 43"


def test_a_court_that_declined_is_no_candidate_either() -> None:
    decided = deciding().decide(TWO_PLACES, (PARIS,), ())
    assert isinstance(decided, Routed)
    assert (decided.tribunal, decided.candidates) == (BORDEAUX, ())


def test_without_another_court_an_operator_decides() -> None:
    decided = deciding().decide(ONE_PLACE, (BORDEAUX,), ())
    assert isinstance(decided, Unroutable)
    assert decided.reason == "declined-without-other"


@pytest.mark.parametrize("declined_by", [(BORDEAUX, PARIS), (BORDEAUX, PARIS, LYON)])
def test_after_two_refusals_an_operator_decides_whatever_is_named(declined_by: tuple[str, ...]) -> None:
    decided = deciding().decide(TWO_PLACES, declined_by, ("tj13055",))
    assert isinstance(decided, Unroutable)
    assert decided.reason == "declined-twice"


def test_a_place_without_a_court_is_still_undecided_after_a_refusal_that_names_nobody() -> None:
    decided = deciding().decide(a_submission(commune=None), (BORDEAUX,), ())
    assert isinstance(decided, Unroutable)
    assert decided.reason == "place-without-commune"


def test_what_an_operator_assigns_says_that_no_rule_did() -> None:
    decided = deciding().assigned(ONE_PLACE, LYON)
    assert (decided.tribunal, decided.rule, decided.rule_set) == (LYON, "operator-assignment", deciding().law.version)
