"""What one try to deliver came to, and what follows from it: again later, never again, or done."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from infoparquet_contracts.codes import NotificationFailure

FIRST_DELAY: Final = timedelta(seconds=10)
LONGEST_DELAY: Final = timedelta(hours=6)
# Beyond it every delay is the longest, and a power of two would one day be too large for a time.
_DOUBLINGS: Final = 16


@dataclass(frozen=True, slots=True)
class Sent:
    """The server took it."""


@dataclass(frozen=True, slots=True)
class Later:
    """It may work another time."""

    failure: NotificationFailure


@dataclass(frozen=True, slots=True)
class Refused:
    """It never will."""

    failure: NotificationFailure


Outcome = Sent | Later | Refused


@dataclass(frozen=True, slots=True)
class Done:
    """Delivered."""


@dataclass(frozen=True, slots=True)
class Again:
    """To be tried once more at `at`."""

    at: datetime
    failure: NotificationFailure


@dataclass(frozen=True, slots=True)
class Failed:
    """Given up."""

    failure: NotificationFailure


Sequel = Done | Again | Failed


def longest_delay(tries: int) -> timedelta:
    """The most there is between the end of the try number `tries` and the next: it doubles, up to a limit."""
    doubled: int = 2 ** min(tries - 1, _DOUBLINGS)
    return min(FIRST_DELAY * doubled, LONGEST_DELAY)


def sequel(outcome: Outcome, tries: int, allowed: int, now: datetime, chance: float) -> Sequel:
    """What follows the try number `tries`; `chance`, in [0, 1), is full jitter: what failed together spreads out."""
    match outcome:
        case Sent():
            return Done()
        case Later(failure) if tries < allowed:
            return Again(now + longest_delay(tries) * chance, failure)
        case Later(failure) | Refused(failure):
            return Failed(failure)
