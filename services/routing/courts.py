"""The courts that have topics: those of the reference data, and the national prosecutors."""

from collections.abc import Iterator
from typing import Final

from infoparquet_contracts.topics import Topic, replies_topic, tribunal_topic
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from reference.courts import NATIONAL_PROSECUTORS, Courts
from reference.suggestions import plain_names

# Edits at most between a mistyped code and the one meant; `33063` for `tj33063` is two.
_SLIPS: Final = 2
_LEAST_LIKENESS: Final = 0.85
_LONGEST: Final = 100  # characters that are looked at


def names(courts: Courts) -> dict[str, str]:
    """Every court's name by its code, the national prosecutors last."""
    return {code: court.name for code, court in courts.items()} | dict(NATIONAL_PROSECUTORS)


def topics(courts: Courts) -> Iterator[Topic]:
    """Each court's two."""
    for code in names(courts):
        yield tribunal_topic(code)
        yield replies_topic(code)


def nearest(text: str, courts: Courts, limit: int = 3) -> list[str]:
    """The codes somebody may have meant by a code or a city, likeliest first; none when nothing is near."""
    typed = text[:_LONGEST].lower()
    return [*_by_code(typed, courts), *_by_city(typed, courts)][:limit]


def _by_code(typed: str, courts: Courts) -> list[str]:
    near = process.extract(typed, list(names(courts)), scorer=OSA.distance, score_cutoff=_SLIPS, limit=None)
    # The department is what people know of a code: of two slips as likely, the one that keeps it.
    return [code for code, _, _ in sorted(near, key=lambda one: (one[1], one[0][:4] != typed[:4]))]


def _by_city(typed: str, courts: Courts) -> list[str]:
    codes = list(courts)
    cities = plain_names([court.city for court in courts.values()])
    (plain,) = plain_names([" ".join(typed.split())])
    near = process.extract(plain, cities, scorer=JaroWinkler.similarity, score_cutoff=_LEAST_LIKENESS, limit=None)
    return [codes[place] for _, _, place in near]
