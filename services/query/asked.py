"""What one box says: each way in which it may be meant, none of which costs more than its index. Pure."""

import re
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from infoparquet_contracts.identifiers import UUID_PATTERN

from services.query import codes
from services.query.mistyped import as_number, meant
from services.query.words import Meaning, Words, plain_words, telling

# Words that are looked for; of sixty-four characters there could be thirty-two.
MOST_WORDS: Final = 8
_REFERENCE: Final = re.compile("[A-Za-z0-9][A-Za-z0-9 ./_-]*")
_REFERENCE_PART: Final = re.compile("[A-Za-z0-9 ./_-]+")
# The index is of trigrams of letters and digits: it has nothing to say of a text without three in a row. So many digits
# tell as much as the whole text, for which it would have to be asked for trigrams that are in many references.
_TELLING: Final = 5
_DIGIT: Final = re.compile("[0-9]")
# In one piece, a hyphen and a digit within, as administrations' codes and most references are.
_CODE: Final = re.compile("(?=[^0-9]*[0-9])[a-z][a-z0-9]*(?:-[a-z0-9]+)+")
_NUMBER: Final = re.compile("[0-9][0-9-]*[A-Z]{0,2}")
_LOWEST, _HIGHEST = ("-".join(digit * length for length in (8, 4, 4, 4, 12)) for digit in "0f")


@dataclass(frozen=True, slots=True)
class Inside:
    """A part of a reference, and what of it the index is asked for."""

    text: str
    telling: str


@dataclass(frozen=True, slots=True)
class Term:
    """One word: a label's or a code's, or a part of the reference where it has a digit."""

    meaning: Meaning
    inside: Inside | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Whichever of these holds. `reference` and `number` are beginnings, `ids` the first and the last one possible.

    `corrected` are the numbers that a mistyped one may be; `named` is what has the whole text for its name or code; all
    `terms` are needed; `ignored` are the words left out. `administration` is the code that the text may be.
    """

    number: str | None
    corrected: tuple[str, ...]
    reference: str | None
    inside: Inside | None
    ids: tuple[UUID, UUID] | None
    named: Meaning | None
    terms: tuple[Term, ...]
    ignored: tuple[str, ...]
    exact: bool = False
    administration: str | None = None

    def of_administration(self) -> "Asked":
        """Where there is one of that code: it, and references that begin with the code; not what has it inside."""
        return replace(self, inside=None, reference=(self.administration or "").upper())


def understand(q: str, words: Words) -> Asked:
    """What may be meant, whatever it holds."""
    whole = _named(q)
    if whole is not None:
        return whole
    number = q.upper()
    administration = q.lower() if _CODE.fullmatch(q.lower()) else None
    named = Meaning((codes.administration(administration),), ()) if administration else words.named(q)
    inside = _inside(q)
    used, ignored = _terms(q, words)
    if named is not None and len(plain_words(q)) > 1:
        # A name of several words is meant whole: « Saint-Denis », and not every « Denis ». So is a code: dreal-33.
        used, ignored = (), ()
    elif used:
        # One word means what it is the whole name of, too.
        named = None
    return Asked(
        number=number if _NUMBER.fullmatch(number) else None,
        corrected=(),
        # What begins with it has it inside.
        reference=q.upper() if inside is None and _REFERENCE.fullmatch(q) else None,
        inside=inside,
        ids=_ids(q.lower()),
        named=named,
        terms=used,
        ignored=ignored,
        administration=administration,
    )


def _named(q: str) -> Asked | None:
    """By a whole number or id."""
    reference = q.upper() if _REFERENCE.fullmatch(q) else None
    if number := as_number(q):
        return Asked(number, tuple(meant(number)), reference, None, None, None, (), (), exact=True)
    if re.fullmatch(UUID_PATTERN, q.lower()):
        return Asked(None, (), reference, None, (UUID(q), UUID(q)), None, (), (), exact=True)
    return None


def _terms(q: str, words: Words) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    plain = telling(plain_words(q))
    used, ignored = [], plain[MOST_WORDS:]
    for word in plain[:MOST_WORDS]:
        meaning = words.meaning(word)
        if meaning is None:
            ignored.append(word)
        else:
            # A word that is alone is the whole text.
            used.append(Term(meaning, _inside(word) if len(plain) > 1 and _DIGIT.search(word) else None))
    return tuple(used), tuple(ignored)


def _inside(text: str) -> Inside | None:
    if not _REFERENCE_PART.fullmatch(text):
        return None
    if not re.search("[A-Za-z0-9]{3}", text):
        return None
    # The last of the longest runs of digits, which few references have.
    digits = max(reversed(re.findall("[0-9]+", text)), key=len, default="")
    return Inside(text, digits if len(digits) >= _TELLING else text)


def _ids(text: str) -> tuple[UUID, UUID] | None:
    # PostgreSQL orders UUIDs as it writes them, so that a beginning is a range of the primary key.
    bounds = [text + bound[len(text) :] for bound in (_LOWEST, _HIGHEST)]
    if not all(re.fullmatch(UUID_PATTERN, bound) for bound in bounds):
        return None
    lowest, highest = bounds
    return UUID(lowest), UUID(highest)
