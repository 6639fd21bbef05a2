"""The nearest real communes: what people mistype, and how fast the answer comes."""

import time
import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reference import default_url, load
from reference.communes import Commune

COMMUNES = load(default_url()).communes
PROPER = sorted((commune for commune in COMMUNES.by_code.values() if commune.kind == "COM"), key=lambda one: one.code)
POSTAL_CODES = {code for commune in COMMUNES.by_code.values() for code in commune.postal_codes.split("|")}


def codes(found: tuple[Commune, ...]) -> list[str]:
    return [commune.code for commune in found]


def without_accents(name: str) -> str:
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return plain.lower().replace("-", " ")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("33603", "33063"),  # two digits the wrong way round
        ("33963", "33063"),  # one digit wrong
        ("330633", "33063"),  # one too many
        ("33 063", "33063"),
        ("1004", "01004"),  # a spreadsheet dropped the zero
        ("33000", "33063"),  # a postal code
        ("20000", "2A004"),
        ("2AOO4", "2A004"),  # the letter for the digit
        ("bordeaux", "33063"),
        ("Bordaux", "33063"),
        ("MARSEILE", "13055"),
        ("saint etienne", "42218"),
        ("St Gaudens", "31483"),
        ("evry courcouronnes", "91228"),
        ("l hay les roses", "94038"),
        ("Havre", "76351"),
        ("33000 Bordeaux", "33063"),
        ("noumea", "98818"),
        ("fort de france", "97209"),
    ],
)
def test_the_commune_that_was_meant_comes_first(typed: str, meant: str) -> None:
    assert codes(COMMUNES.nearest(typed))[0] == meant


def test_a_real_code_comes_first_and_its_neighbours_after_it() -> None:
    assert codes(COMMUNES.nearest("33036"))[:2] == ["33036", "33063"]


@pytest.mark.parametrize("typed", ["", "   ", "99999", "zzzzqqq", "ZZZ99", "\x00", "é" * 5000, "1"])
def test_nothing_is_suggested_where_nothing_is_near(typed: str) -> None:
    assert COMMUNES.nearest(typed) == ()


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_no_more_are_suggested_than_asked_for(limit: int) -> None:
    assert len(COMMUNES.nearest("33063", limit)) == limit


@given(st.text(max_size=30) | st.text("0123456789AB", min_size=3, max_size=7))
@settings(deadline=None, max_examples=150)
def test_whatever_is_typed_the_answer_is_a_few_distinct_communes(typed: str) -> None:
    found = codes(COMMUNES.nearest(typed))
    assert len(found) == len(set(found)) <= 3
    assert all(code in COMMUNES for code in found)


@given(st.sampled_from(PROPER))
@settings(deadline=None, max_examples=150)
def test_a_name_without_its_accents_finds_a_commune_of_that_name(commune: Commune) -> None:
    found = COMMUNES.nearest(without_accents(commune.name), limit=1)
    assert without_accents(found[0].name) == without_accents(commune.name)


@given(st.sampled_from(PROPER), st.sampled_from([2, 3]))
@settings(deadline=None, max_examples=150)
def test_a_code_with_two_digits_exchanged_finds_the_commune_again(commune: Commune, at: int) -> None:
    typed = commune.code[:at] + commune.code[at + 1] + commune.code[at] + commune.code[at + 2 :]
    assume(typed not in POSTAL_CODES)
    assert commune.code in codes(COMMUNES.nearest(typed, limit=4))


@pytest.mark.measured
@pytest.mark.parametrize("typed", ["33603", "33000", "Bordaux", "saint etienne"])
def test_an_answer_takes_less_than_50_ms(typed: str) -> None:
    def seconds() -> float:
        start = time.perf_counter()
        COMMUNES.nearest(typed)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 0.05


def test_a_code_shared_by_a_commune_and_a_part_of_it_leads_to_the_commune() -> None:
    assert COMMUNES.by_code["48009"].kind == "COM"
    assert COMMUNES.by_code["48162"].kind == "COMD"
