"""The articles that define an offence, as NATINF cites them (« ART.L.541-46 §I 12° C.ENVIR. »), and patterns of them.

A citation is a code's abbreviation and an article without its dots: `C.ENVIR.` and `L541-46`. Paragraphs are left out.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_TOKEN = re.compile(
    r"(?P<code>C\.(?:[A-Z]{1,12}\.)+(?:[A-Z]{1,12}\b\.?)?|C\.[A-Z]{3,14}\b)"
    r"|(?P<article>\b(?:[LRDA]\.? ?)?[0-9]{1,4}(?:-[0-9]{1,3}){0,4}\b)(?![°0-9])"
)
_SKIPPED = re.compile(r"\b(?:AL|ALINEA)\. ?[0-9]+|§ ?[IVXLC0-9]+|[0-9]+°[A-Z]?|\b[0-9]+ ?°")
_ARTICLE = re.compile(r"(?P<letter>[LRDA]?)(?P<numbers>[0-9]{1,4}(?:-[0-9]{1,3}){0,4})")


class Citation(NamedTuple):
    """One article of one code."""

    code: str
    article: str


def citations(text: str) -> tuple[Citation, ...]:
    """In the order of the text; articles that no code follows are nobody's."""
    # The lists come through web pages: some hyphens are entities, or do not break.
    plain = html.unescape(text).replace("\u2011", "-").upper()
    return tuple(_read(_SKIPPED.sub(" ", plain)))


def _read(text: str) -> Iterator[Citation]:
    waiting: list[str] = []
    for token in _TOKEN.finditer(text):
        if token["article"]:
            waiting.append(re.sub(r"[. ]", "", token["article"]))
        else:
            code = token["code"].rstrip(".") + "."
            yield from (Citation(code, article) for article in waiting)
            waiting.clear()


@dataclass(frozen=True, slots=True)
class Articles:
    """What a rule names: a whole code, or its articles from one to another, both included, with what is below them."""

    code: str
    first: tuple[str, tuple[int, ...]] | None = None
    last: tuple[str, tuple[int, ...]] | None = None

    def __contains__(self, citation: Citation) -> bool:
        if citation.code != self.code:
            return False
        if self.first is None or self.last is None:
            return True
        letter, numbers = _parts(citation.article)
        first, last = self.first[1], self.last[1]
        # `L218-11..L218-19` holds L218-19-1 too: what is below the last article comes with it.
        return letter == self.first[0] and first <= numbers and numbers[: len(last)] <= last


def read_articles(text: str) -> Articles:
    """`C.ENVIR.`, `C.PENAL. 323-1` or `C.PENAL. 323-1..323-4-1`; raises ValueError where it is none of these."""
    code, _, articles = text.partition(" ")
    if not re.fullmatch(r"C\.(?:[A-Z]+\.)+", code):
        raise ValueError(f"{text!r} does not begin with a code such as C.ENVIR.")
    if not articles:
        return Articles(code)
    first, _, last = articles.partition("..")
    begin, end = _parts(first), _parts(last or first)
    if begin[0] != end[0] or begin[1] > end[1]:
        raise ValueError(f"{text!r} ends before it begins")
    return Articles(code, begin, end)


def _parts(article: str) -> tuple[str, tuple[int, ...]]:
    found = _ARTICLE.fullmatch(article.replace(".", ""))
    if found is None:
        raise ValueError(f"{article!r} is no article such as L218-11")
    return found["letter"], tuple(map(int, found["numbers"].split("-")))
