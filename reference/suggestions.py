"""The communes nearest to a text: a mistyped code, a postal code, or a name without its accents or with a slip."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from reference.plain import kept, plain_lines

if TYPE_CHECKING:
    from reference.communes import Commune

_LIKE_A_CODE = re.compile(r"(?=(?:.*[0-9]){2})[0-9ABOIL]{4,6}")
# The letters people type for digits; A and B belong to the codes of Corsica.
_FOR_DIGITS = str.maketrans("OIL", "011")
_SLIPS: Final = 2  # edits at most between a mistyped code and the one meant; beyond, anything resembles anything
_LEAST_LIKENESS: Final = 0.85
_LONGEST: Final = 100  # characters of a name that are looked at
_LETTERS = kept(b"abcdefghijklmnopqrstuvwxyz")
_ARTICLES: Final = frozenset({"l", "le", "la", "les"})


class Suggestions:
    """Each of its two indexes is built for the first question that needs it, in about 40 ms; then 3 ms a question."""

    def __init__(self, by_code: Mapping[str, "Commune"]) -> None:
        self._by_code = by_code

    def nearest(self, text: str, limit: int) -> list[str]:
        """Codes, likeliest first."""
        typed = text.upper().replace(" ", "")
        if _LIKE_A_CODE.fullmatch(typed):
            return self._nearest_codes(typed.translate(_FOR_DIGITS))[:limit]
        return self._nearest_names(text, limit)[:limit]

    def _nearest_codes(self, typed: str) -> list[str]:
        # A spreadsheet drops the zero of 01004: that is likelier than any other slip.
        code = typed.zfill(5)
        slips = process.extract(code, self._by_code.keys(), scorer=OSA.distance, score_cutoff=_SLIPS, limit=None)
        near = [
            (slip, (other[:2] != code[:2]) + (sorted(other) != sorted(code)), self._rank(other), other)
            for other, slip, _ in slips
            if slip < _SLIPS or other[:2] == code[:2]
        ]
        exact = [code] if code in self._by_code else []
        postal = sorted(self._by_postal_code.get(code, []), key=self._rank)
        return list(dict.fromkeys([*exact, *postal, *(key[-1] for key in sorted(near))]))

    def _nearest_names(self, text: str, limit: int) -> list[str]:
        (typed,) = plain_names([" ".join(text[:_LONGEST].split())])
        near = process.extract(
            _without_article(typed),
            self._by_name.keys(),
            scorer=JaroWinkler.similarity,
            score_cutoff=_LEAST_LIKENESS,
            limit=limit,
        )

        def likelihood(code: str) -> tuple[bool, int]:
            return plain_names([self._by_code[code].name]) != [typed], self._rank(code)

        return [code for name, _, _ in near for code in sorted(self._by_name[name], key=likelihood)]

    def _rank(self, code: str) -> int:
        # Whatever else is equal, the more populous is the likelier.
        return -self._by_code[code].population

    @cached_property
    def _by_postal_code(self) -> dict[str, list[str]]:
        communes: dict[str, list[str]] = {}
        for code, commune in self._by_code.items():
            for postal_code in commune.postal_codes.split("|"):
                communes.setdefault(postal_code, []).append(code)
        return communes

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        communes: dict[str, list[str]] = {}
        names = plain_names([commune.name for commune in self._by_code.values()])
        for code, name in zip(self._by_code, names, strict=True):
            communes.setdefault(_without_article(name), []).append(code)
        return communes


def plain_names(names: list[str]) -> list[str]:
    """Names as compared: no accents, capitals, hyphens, apostrophes, digits; « St » in full."""
    return [name.strip() for name in plain_lines(names, _LETTERS)]


def _without_article(name: str) -> str:
    first, _, rest = name.partition(" ")
    return rest if rest and first in _ARTICLES else name
