"""What is checked against the communes, the lists of offences and the calendar."""

import json
from datetime import date
from typing import Any

import pytest

from reference import default_url, load
from reference.offences import Nature, Natures
from services.intake.checking import MOST_SUGGESTING, Checks, Findings
from services.intake.submission import Submission, read
from tests.services.intake.builders import a_procedure

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def checks() -> Checks:
    reference = load(default_url())
    return Checks(reference.communes, reference.territory.divided, reference.natinf, reference.nataff)


@pytest.fixture(scope="module")
def with_complete_lists() -> Checks:
    codes = {code: Nature(code, "…") for code in ("22587", "7", "8")}
    return Checks(load(default_url()).communes, (), Natures(codes, complete=True), Natures({}, complete=True))


def checked(checks: Checks, **changes: Any) -> Findings:
    return checks.check(read(json.dumps(a_procedure(**changes)).encode(), Submission).understood, TODAY)


def test_a_good_procedure_has_neither_error_nor_remark(checks: Checks) -> None:
    assert checked(checks) == Findings((), ())


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"facts": {"from": "2021-05-31", "to": "2021-03-01"}}, "/facts/to"),
        ({"facts": {"from": "2026-11-25"}}, "/facts/from"),
        ({"facts": {"to": "2026-11-25"}}, "/facts/to"),
        ({"facts": {"from": "1899-12-31"}}, "/facts/from"),
        ({"natinf": [], "nataff": [], "facts": {"summary": "  "}}, "/facts/summary"),
        ({"natinf": None, "facts": None}, "/facts/summary"),
        ({"places": [{"ground": "facts"}]}, "/places/0/text"),
        ({"places": [{"ground": "facts", "commune": "33063"}, {"ground": "seat", "text": " "}]}, "/places/1/text"),
        ({"persons": [{"role": "suspect", "kind": "natural", "birth_date": "2027"}]}, "/persons/0/birth_date"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(checks: Checks, changes: dict[str, Any], pointer: str) -> None:
    assert [error.pointer for error in checked(checks, **changes).errors] == [pointer]


def test_tomorrow_in_paris_is_already_today_in_noumea(checks: Checks) -> None:
    assert checked(checks, facts={"from": "2026-11-24"}).errors == ()


def test_a_code_or_a_summary_is_subject_enough(checks: Checks) -> None:
    for changes in ({"natinf": ["7"]}, {"natinf": [], "nataff": ["I51"]}):
        assert checked(checks, facts=None, **changes).errors == ()


def test_an_unknown_commune_gets_the_nearest_real_ones(checks: Checks) -> None:
    (error,) = checked(checks, places=[{"ground": "facts", "commune": "Bordaux"}]).errors
    assert error.pointer == "/places/0/commune"
    assert error.suggestions[0] == "33063"
    assert "Bordeaux (33063)" in error.detail


def test_only_the_first_unknown_communes_get_suggestions(checks: Checks) -> None:
    places = [{"ground": "facts", "commune": f"Bordaux{'x' * number}"} for number in range(20)]
    errors = checked(checks, places=places).errors
    assert len(errors) == 20
    assert sum(bool(error.suggestions) for error in errors) <= MOST_SUGGESTING


def test_a_code_outside_a_partial_list_is_a_remark(checks: Checks) -> None:
    findings = checked(checks, natinf=["7", "17999"], nataff=["I99"])
    assert findings.errors == ()
    assert [(remark.pointer, remark.code) for remark in findings.remarks] == [
        ("/natinf/1", "unknown-natinf"),
        ("/nataff/0", "unknown-nataff"),
    ]


def test_a_code_outside_a_complete_list_is_an_error_with_the_nearest(with_complete_lists: Checks) -> None:
    (error,) = checked(with_complete_lists, natinf=["022857"[1:], "00007"]).errors
    assert (error.pointer, error.suggestions) == ("/natinf/0", ["22587"])


def test_an_urgency_that_is_over_is_a_remark(checks: Checks) -> None:
    findings = checked(checks, urgency={"reason": "limitation", "until": "2026-11-22"})
    assert [remark.code for remark in findings.remarks] == ["urgency-past"]
    assert findings.errors == ()
