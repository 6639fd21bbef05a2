"""Articles are read as NATINF cites them, whatever stands between, and matched as ranges of a code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.citations import Citation, citations, read_articles


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ART.L.163-2 AL.1 C.M.F.", [("C.M.F.", "L163-2")]),
        ("ART.R.213-5, ART.L.213-1 C.P.C.EX.", [("C.P.C.EX.", "R213-5"), ("C.P.C.EX.", "L213-1")]),
        ("L.541-46 §I 12° L.541-48 C.ENVIR. L.5334-9", [("C.ENVIR.", "L541-46"), ("C.ENVIR.", "L541-48")]),
        ("ART.433-3 AL.5,AL.1 C.PENAL.", [("C.PENAL.", "433-3")]),
        ("ART.L.436&#8209;16 §I 3° C.ENVIR.", [("C.ENVIR.", "L436-16")]),
        ("ART.R.113-1 AL.2, AL.1 C.CONSOMMAT", [("C.CONSOMMAT.", "R113-1")]),
        ("parc national", []),
        ("", []),
        ("L.5113-1", []),
    ],
)
def test_citations_are_read(text: str, found: list[tuple[str, str]]) -> None:
    assert citations(text) == tuple(Citation(*one) for one in found)


@pytest.mark.parametrize(
    ("articles", "inside", "outside"),
    [
        ("C.PENAL.", ["323-1", "R610-5"], []),
        ("C.PENAL. 323-1..323-4-1", ["323-1", "323-3", "323-3-1", "323-4", "323-4-1"], ["323", "323-4-2", "323-5"]),
        ("C.PENAL. 432-15", ["432-15", "432-15-1"], ["432-1", "432-150", "R432-15"]),
        ("C.ENVIR. L218-10..L218-25", ["L218-10", "L218-11", "L218-25-1"], ["L218-9", "R218-11", "218-11"]),
        ("C.G.I. 1741..1743", ["1741", "1742", "1743"], ["1740", "1744"]),
    ],
)
def test_a_range_holds_what_lies_between_and_below(articles: str, inside: list[str], outside: list[str]) -> None:
    found = read_articles(articles)
    code = articles.split(" ", maxsplit=1)[0]
    assert [one for one in (*inside, *outside) if Citation(code, one) in found] == inside
    assert Citation("C.RURAL.", inside[0]) not in found


@pytest.mark.parametrize("text", ["", "PENAL 323-1", "C.PENAL. 323-", "C.PENAL. 5..3", "C.PENAL. L1..R2", "C.PENAL"])
def test_what_is_no_article_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_articles(text)


@given(st.text(max_size=200))
def test_any_text_can_be_looked_through(text: str) -> None:
    for cited in citations(text):
        assert cited in read_articles(f"{cited.code} {cited.article}")
