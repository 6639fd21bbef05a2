"""The words of the reference data, and the codes each leads to: communes, offences, kinds of affair, courts."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from infoparquet_contracts.identifiers import TRIBUNAL_PATTERN

from reference.bundle import Reference
from reference.communes import COMMUNE_CODE
from reference.courts import NATIONAL_PROSECUTORS
from reference.plain import kept, plain_lines
from services.query import codes

# One word leads to so many codes at most: the index is asked for each. `saint` leads to 4361 communes, `martin` to 278.
MOST_CODES: Final = 100
# Beginnings of words are words from so many letters on.
SHORTEST_BEGINNING: Final = 3
# They are in half of the labels, or in all: whoever writes another word beside means that one.
_EVERYWHERE: Final = frozenset(
    {"a", "au", "aux", "avec", "c", "d", "dans", "de", "des", "du", "en", "et", "l", "la", "le", "les", "ou", "par"}
    | {"pour", "s", "sans", "sous", "sur", "un", "une", "saint", "sainte", "tribunal", "judiciaire", "parquet", "tj"}
)
_LETTERS: Final = kept(b"abcdefghijklmnopqrstuvwxyz0123456789")
_NATINF: Final = re.compile("0*([1-9][0-9]{0,4})")
_NATAFF: Final = re.compile("[a-z][0-9]{0,2}")
_TRIBUNAL: Final = re.compile(TRIBUNAL_PATTERN)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one word may mean: codes as a procedure keeps them, and courts."""

    codes: tuple[str, ...]
    tribunals: tuple[str, ...]


class _Label(NamedTuple):
    label: str
    meant: tuple[str, ...]
    is_a_name: bool = False
    more: tuple[str, ...] = ()


class Words:
    """Of one version of the reference data."""

    def __init__(self, reference: Reference) -> None:
        self._parts = _parts(reference)
        self._found, self._named = _vocabulary(reference, self._parts)
        self._in_order = sorted(self._found)

    def commune(self, code: str) -> tuple[str, ...]:
        """The commune with its arrondissements, its delegated communes and those whose place it took."""
        return tuple(codes.commune(one) for one in (code, *self._parts.get(code, ())))

    def meaning(self, word: str) -> Meaning | None:
        """What a plain word means, or one that it begins; None where it means too much to tell anything."""
        exact = self._found.get(word, set())
        found = self._beginning_with(word)
        if len(found) > MOST_CODES:
            found = set(exact)
        if len(found) > MOST_CODES:
            return None
        return _meaning(found.union(self._as_a_code(word)))

    def named(self, text: str) -> Meaning | None:
        """The communes and courts that have that name, « Saint-Martin » for one; None where none has."""
        found = self._named.get(" ".join(plain_words(text)))
        return None if found is None else _meaning(found)

    def _beginning_with(self, word: str) -> set[str]:
        found = set(self._found.get(word, ()))
        if len(word) < SHORTEST_BEGINNING or word.isdigit():
            return found
        for place in range(bisect_left(self._in_order, word), len(self._in_order)):
            longer = self._in_order[place]
            if not longer.startswith(word) or len(found) > MOST_CODES:
                break
            found |= self._found[longer]
        return found

    def _as_a_code(self, word: str) -> Iterator[str]:
        """As a code that the reference data may lack."""
        yield codes.administration(word)
        if COMMUNE_CODE.fullmatch(word.upper()):
            yield from self.commune(word.upper())
        if number := _NATINF.fullmatch(word):
            yield codes.natinf(number[1])
        if _NATAFF.fullmatch(word):
            yield codes.nataff(word.upper())
        if _TRIBUNAL.fullmatch(word):
            yield codes.tribunal(word)


def _meaning(found: Collection[str]) -> Meaning:
    courts = {one for one in found if one[0] == codes.tribunal("")}
    return Meaning(tuple(sorted(set(found) - courts)), tuple(sorted(one[1:] for one in courts)))


def telling(words: Iterable[str]) -> list[str]:
    """Each once, without those that are everywhere, unless there is no other."""
    each = list(dict.fromkeys(words))
    return [word for word in each if word not in _EVERYWHERE] or each


def plain_words(text: str) -> list[str]:
    """Without accents, capitals and punctuation; « St » in full."""
    return _plain([text.replace("\n", " ")])[0].split()


def _plain(labels: Iterable[str]) -> list[str]:
    return plain_lines((label.replace("’", " ") for label in labels), _LETTERS)


def _parts(reference: Reference) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = defaultdict(list)
    for one in reference.communes.by_code.values():
        if one.parent is not None and one.parent != one.code:
            parts[one.parent].append(one.code)
    return dict(parts)


def _vocabulary(
    reference: Reference, parts: Mapping[str, list[str]]
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """By word of a label, and by whole name."""
    found: dict[str, set[str]] = defaultdict(set)
    named: dict[str, set[str]] = defaultdict(set)
    labelled = [*_communes(reference, parts), *_courts(reference), *_offences(reference)]
    for label, one in zip(_plain(one.label for one in labelled), labelled, strict=True):
        words = label.split()
        for word in (*words, *one.more):
            found[word].update(one.meant)
        if one.is_a_name:
            named[" ".join(words)].update(one.meant)
    return dict(found), dict(named)


def _communes(reference: Reference, parts: Mapping[str, list[str]]) -> Iterator[_Label]:
    for one in reference.communes.by_code.values():
        # What happened in a commune that is gone, or is a part of another, may have been reported of the other.
        whole = () if one.parent is None or one.kind == "ARM" else (one.parent,)
        meant = tuple(codes.commune(code) for code in (one.code, *parts.get(one.code, ()), *whole))
        yield _Label(one.name, meant, is_a_name=True, more=tuple(one.postal_codes.split("|")))


def _offences(reference: Reference) -> Iterator[_Label]:
    for one in reference.natinf.values():
        yield _Label(one.label, (codes.natinf(one.code),))
    for one in reference.nataff.values():
        yield _Label(one.label, (codes.nataff(one.code),))


def _courts(reference: Reference) -> Iterator[_Label]:
    for court in reference.courts.values():
        yield _Label(court.city, (codes.tribunal(court.code),), is_a_name=True)
    for code, name in NATIONAL_PROSECUTORS.items():
        yield _Label(name, (codes.tribunal(code),))
