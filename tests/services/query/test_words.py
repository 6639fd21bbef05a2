"""Words lead to codes, whatever their accents and capitals; those that say nothing are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.query.asked import MOST_WORDS, understand
from services.query.words import MOST_CODES, Words, plain_words, telling


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("bordeaux", "c33063"),
        ("borde", "c33063"),
        ("ajaccio", "c2A004"),
        ("2a004", "c2A004"),
        ("33063", "c33063"),
        ("33000", "c33063"),
        ("paris", "c75101"),
        ("22587", "n22587"),
        ("00007", "n7"),
        ("cheque", "n7"),
        ("i51", "fI51"),
        ("dreal", "adreal"),
        ("99999", "n99999"),
    ],
)
def test_a_word_leads_to_the_code(words: Words, word: str, code: str) -> None:
    meaning = words.meaning(word)
    assert meaning is not None
    assert code in meaning.codes


@pytest.mark.parametrize(
    ("word", "court"), [("bordeaux", "tj33063"), ("tj33063", "tj33063"), ("antiterroriste", "pnat")]
)
def test_a_word_leads_to_the_court(words: Words, word: str, court: str) -> None:
    meaning = words.meaning(word)
    assert meaning is not None
    assert court in meaning.tribunals


def test_a_commune_is_found_with_its_parts(words: Words) -> None:
    assert {"c75056", "c75101", "c75120"} <= set(words.commune("75056"))


def test_a_word_that_leads_everywhere_leads_nowhere(words: Words) -> None:
    assert words.meaning("saint") is None
    assert understand("saint", words).ignored == ("saint",)


def test_labels_and_what_is_typed_are_made_plain_alike() -> None:
    assert plain_words("  St-Étienne d’Orthe ŒUVRE\n№ 7") == ["saint", "etienne", "d", "orthe", "oeuvre", "no", "7"]


def test_words_that_are_everywhere_are_dropped_beside_others_alone() -> None:
    assert telling(plain_words("tribunal judiciaire de Saint-Denis")) == ["denis"]
    assert telling(plain_words("les")) == ["les"]
    assert telling(plain_words("d")) == ["d"]


def test_a_code_in_one_piece_is_meant_whole(words: Words) -> None:
    asked = understand("DREAL-33", words)
    assert asked.named is not None
    assert asked.named.codes == ("adreal-33",)
    assert asked.terms == ()
    there = asked.of_administration()
    assert (there.reference, there.inside, there.named) == ("DREAL-33", None, asked.named)
    # A part of a reference, as none begins with a digit.
    assert understand("2026-00042", words).administration is None
    assert understand("saint-denis bordeaux-lac", words).named is None


@given(q=st.text(min_size=1, max_size=64))
def test_whatever_is_typed_asks_for_few_codes(words: Words, q: str) -> None:
    asked = understand(q, words)
    assert len(asked.terms) <= MOST_WORDS
    assert all(len(term.meaning.codes) <= MOST_CODES + 60 for term in asked.terms)
    assert len(asked.corrected) <= 12
