"""The local authority's numbers: `2026-00000042-26`, without gaps within a year.

Year of the submission in Paris, sequence within the year, two check digits over both (ISO 7064 MOD 97-10), which catch
any mistyped digit and any two exchanged.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from stdnum.iso7064 import mod_97_10

from chassis.clock import PARIS

AUTHORITY = "local"
LARGEST_SEQUENCE = 99_999_999
_FORM = re.compile(r"([0-9]{4})-([0-9]{8})-([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Request:
    """A procedure that has no number yet."""

    procedure: UUID
    submitted_at: datetime

    @property
    def year(self) -> int:
        """The year whose sequence the number is taken from."""
        return self.submitted_at.astimezone(PARIS).year


@dataclass(frozen=True, slots=True)
class Allocation:
    """A number given for ever."""

    procedure: UUID
    year: int
    sequence: int
    number: str


def numbers_wanted(requests: Sequence[Request]) -> dict[int, int]:
    """How many numbers each year's sequence must give, years in order."""
    return dict(sorted(Counter(request.year for request in requests).items()))


def allocate(requests: Sequence[Request], last: Mapping[int, int]) -> Iterator[Allocation]:
    """Number the requests in order; `last` is each year's sequence after the whole batch has taken its numbers."""
    wanted = numbers_wanted(requests)
    following = {year: last[year] - wanted[year] + 1 for year in wanted}
    for request in requests:
        sequence = following[request.year]
        following[request.year] += 1
        yield Allocation(request.procedure, request.year, sequence, written(request.year, sequence))


def written(year: int, sequence: int) -> str:
    """The number of a sequence. Raises ValueError above 99 999 999 in a year."""
    if not 0 < sequence <= LARGEST_SEQUENCE:
        message = f"{sequence} is not a sequence number of eight digits"
        raise ValueError(message)
    digits = f"{year:04d}{sequence:08d}"
    return f"{year:04d}-{sequence:08d}-{mod_97_10.calc_check_digits(digits)}"


def read_back(procedure: UUID, number: str) -> Allocation:
    """The allocation that a number of this authority says. Raises ValueError where it is none."""
    form = _FORM.fullmatch(number)
    if form is None:
        message = f"{number} is not a number of the local authority"
        raise ValueError(message)
    return Allocation(procedure, int(form[1]), int(form[2]), number)


def is_mistyped(number: str) -> bool:
    """Whether a number has the local form and its check digits deny it; another authority's number never is."""
    form = _FORM.fullmatch(number)
    return form is not None and not mod_97_10.is_valid("".join(form.groups()))
