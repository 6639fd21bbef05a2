"""Numbers with a slip: those that somebody may have meant who mistyped one digit or exchanged two. Pure."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from stdnum.iso7064 import mod_97_10

# The local authority's form, with hyphens or without: another authority's check characters are its own affair.
_FORM: Final = re.compile(r"([0-9]{4})[ -]?([0-9]{8})[ -]?([0-9]{2})")


def as_number(text: str) -> str | None:
    """The number as it is kept, `2026-00000042-26`; None for what has not its form."""
    form = _FORM.fullmatch(text)
    return None if form is None else "-".join(form.groups())


def meant(number: str) -> list[str]:
    """The right numbers one slip away from one in its form, about three; none where its check digits are right."""
    digits = number.replace("-", "")
    if mod_97_10.is_valid(digits):
        return []
    return sorted({_written(other) for other in _slips(digits) if mod_97_10.is_valid(other)})


def _slips(digits: str) -> Iterator[str]:
    for place, digit in enumerate(digits):
        for other in "0123456789":
            if other != digit:
                yield digits[:place] + other + digits[place + 1 :]
    for first, second in combinations(range(len(digits)), 2):
        exchanged = list(digits)
        exchanged[first], exchanged[second] = exchanged[second], exchanged[first]
        yield "".join(exchanged)


def _written(digits: str) -> str:
    return f"{digits[:4]}-{digits[4:12]}-{digits[12:]}"
