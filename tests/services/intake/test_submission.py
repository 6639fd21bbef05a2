"""The shape of a body: what is read, what is refused and where, and what of it the journal is told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.problems import Problem
from services.intake.acceptance import check_size
from services.intake.submission import MOST_ERRORS, Submission, Unreadable, as_fact, read
from tests.services.intake.builders import NOON, a_procedure

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def pointers(**changes: Any) -> list[str]:
    """Where the body is refused."""
    try:
        read(json.dumps(a_procedure(**changes)).encode(), Submission)
    except Unreadable as refused:
        return [error.pointer for error in refused.errors]
    return []


def test_a_whole_body_is_read() -> None:
    reading = read(json.dumps(a_procedure()).encode(), Submission)
    assert reading.sent == a_procedure()
    assert reading.understood.author.name == "Alix Modèle"


def test_reference_kind_places_and_a_subject_are_all_that_must_be_there() -> None:
    assert pointers(facts=None, persons=None, author=None, comment=None) == []
    assert pointers(reference=None, kind=None, places=None) == ["/reference", "/kind", "/places"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"reference": "-x"}, "/reference"),
        ({"reference": "x" * 65}, "/reference"),
        ({"reference": "DREAL33\n"}, "/reference"),
        ({"reference": 42}, "/reference"),
        ({"kind": "letter"}, "/kind"),
        ({"service": "Pôle risques"}, "/service"),
        ({"urgency": {"reason": "soon"}}, "/urgency/reason"),
        ({"urgency": {"reason": "danger", "until": "2026-02-30"}}, "/urgency/until"),
        ({"urgency": {"reason": "danger", "until": 1700006400}}, "/urgency/until"),
        ({"facts": {"from": "1.3.2021"}}, "/facts/from"),
        ({"facts": {"from_": "2021-03-01"}}, "/facts/from_"),
        ({"facts": {"summary": "x" * 20_001}}, "/facts/summary"),
        ({"facts": {"summary": "a\x00b"}}, "/facts/summary"),
        ({"facts": {"summary": "a\x85b"}}, "/facts/summary"),
        ({"places": []}, "/places"),
        ({"places": [{"ground": "facts", "commune": "33063"}] * 101}, "/places"),
        ({"places": [{"ground": "home", "commune": "33063"}]}, "/places/0/ground"),
        ({"places": [{"ground": "facts", "commune": 33063}]}, "/places/0/commune"),
        ({"natinf": ["123456"]}, "/natinf/0"),
        ({"natinf": ["00000"]}, "/natinf/0"),
        ({"natinf": ["٣٣"]}, "/natinf/0"),
        ({"natinf": "7"}, "/natinf"),
        ({"natinf": ["7"] * 51}, "/natinf"),
        ({"nataff": ["i51"]}, "/nataff/0"),
        ({"persons": [{"role": "suspect", "kind": "natural"}] * 101}, "/persons"),
        ({"persons": [{"role": "suspect", "kind": "natural", "family_name": "a\nb"}]}, "/persons/0/family_name"),
        ({"persons": [{"role": "suspect", "kind": "natural", "birth_date": "1980-13"}]}, "/persons/0/birth_date"),
        ({"persons": [{"role": "suspect", "kind": "legal", "siren": "123456789"}]}, "/persons/0/siren"),
        ({"author": {"email": "nobody"}}, "/author/email"),
        ({"author": {"email": "a@b.fr\u0000"}}, "/author/email"),
        ({"documents": ["0192f0c1-0000-7000-8000-000000000000"] * 201}, "/documents"),
        ({"comment": ["x"]}, "/comment"),
        ({"a/b~c": 1}, "/a~1b~0c"),
        ({"x" * 65: 1}, ""),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands(changes: dict[str, Any], pointer: str) -> None:
    assert pointers(**changes) == [pointer]


@pytest.mark.parametrize(
    "changes",
    [
        {"facts": {"summary": "un\ttableau\r\nsur deux lignes"}},
        {"persons": [{"role": "victim", "kind": "natural", "birth_date": day} for day in ("1980", "1980-05")]},
        {"persons": [{"role": "suspect", "kind": "legal", "name": "La Poste", "siren": "356000000"}]},
        {"places": [{"ground": "facts", "commune": None, "text": "en mer"}]},
        {"urgency": None},
        {"service": "pole-risques"},
    ],
)
def test_what_administrations_write_is_taken(changes: dict[str, Any]) -> None:
    assert pointers(**changes) == []


def test_errors_are_told_in_french_without_what_was_sent() -> None:
    with pytest.raises(Unreadable) as refused:
        read(json.dumps(a_procedure(kind="Camille", author={"email": "Camille"})).encode(), Submission)
    details = [error.detail for error in refused.value.errors]
    assert details[0].startswith("Les valeurs admises sont article-40,")
    assert "Camille" not in str(details) + str(refused.value)


def test_a_body_full_of_faults_is_answered_with_the_first_hundred() -> None:
    assert len(pointers(**{f"x{number}": 1 for number in range(1000)})) == MOST_ERRORS


def test_the_journal_is_told_codes_in_their_one_form() -> None:
    body = a_procedure(natinf=["00007", "7", "8"], nataff=["I51", "I51"], service="pole-risques")
    fact = as_fact(read(json.dumps(body).encode(), Submission).understood, "dreal-33", NOON)
    assert (fact.natinf, fact.nataff, fact.service) == (("7", "8"), ("I51",), "pole-risques")
    assert (fact.administration, fact.submitted_at, fact.documents) == ("dreal-33", NOON, ())


def test_a_fact_that_no_event_can_carry_is_too_large() -> None:
    fact = as_fact(read(json.dumps(a_procedure()).encode(), Submission).understood, "dreal-33", NOON)
    check_size(fact)
    with pytest.raises(Problem) as refused:
        check_size(fact.model_copy(update={"natinf": ("99999",) * 40_000}))
    assert refused.value.status == 413


@given(JSON)
def test_any_json_is_read_or_refused_with_pointers(value: Any) -> None:
    body = json.dumps(value).encode()
    with pytest.raises(Unreadable) as refused:
        read(body, Submission)
    assert all(error.pointer == "" or error.pointer.startswith("/") for error in refused.value.errors)


@given(st.binary(max_size=40))
def test_any_bytes_are_refused_and_nothing_else(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body, Submission)
