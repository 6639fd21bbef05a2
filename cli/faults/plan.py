"""Which fault hits whom in which round: drawn from the seed alone, and so that all of them occur in enough rounds."""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from deploy.local.options import SERVICES


class Kind(StrEnum):
    """What is done: kill -9; SIGSTOP and later SIGCONT; an orderly restart; its connections cut off."""

    KILL = "kill"
    STOP = "stop"
    RESTART = "restart"
    CUT = "cut"


class Way(StrEnum):
    """How connections are cut off: ended and refused, slowed down, or left open while nothing passes any more."""

    DROPPED = "dropped"
    DELAYED = "delayed"
    HALF_OPEN = "half-open"


SUPERVISOR, BROKER, DATABASE = "supervisor", "broker", "database"
# They have two replicas: the one whose relay holds the lock, and the one that stands by.
REPLICATED = ("numbering", "routing")
STANDBYS: Mapping[str, str] = {f"{service}-standby": service for service in REPLICATED}
TARGETS = (*SERVICES, *STANDBYS, SUPERVISOR, BROKER, DATABASE)
UP, DOWN = "up", "down"
# With fewer rounds than targets, none is spent on a start of everything, which lasts as long as all others together.
SHORT = len(TARGETS)
_DIRECTIONS = (frozenset({UP}), frozenset({DOWN}), frozenset({UP, DOWN}))


@dataclass(frozen=True, slots=True)
class Fault:
    """One round. `after` and `lasts` are seconds; `pick`, in [0, 1), chooses one of several nodes of a broker."""

    kind: Kind
    target: str
    after: float
    lasts: float
    pick: float
    way: Way
    directions: frozenset[str]

    def __str__(self) -> str:
        toward = "" if self.way is Way.DROPPED else f", {'+'.join(sorted(self.directions))}"
        how = f" ({self.way}{toward})" if self.kind is Kind.CUT else ""
        lasting = f", {self.lasts:.1f} s" if self.kind in (Kind.STOP, Kind.CUT) else ""
        return f"{self.kind} {self.target}{how}{lasting}"


def plan(seed: int, rounds: int, broker: str) -> list[Fault]:
    """As many faults as rounds, the kinds in turn, and each kind's targets in an order of the seed's."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    targets = {kind: _endlessly(_targets(kind, broker, short=rounds < SHORT), chance) for kind in Kind}
    kinds = itertools.cycle(chance.sample(list(Kind), len(Kind)))
    return [_fault(kind, next(targets[kind]), chance) for kind in itertools.islice(kinds, rounds)]


def _endlessly(targets: Sequence[str], chance: random.Random) -> Iterator[str]:
    while True:
        yield from chance.sample(targets, len(targets))


def _targets(kind: Kind, broker: str, *, short: bool) -> Sequence[str]:
    left_out = {SUPERVISOR} if short else set()
    if kind is Kind.CUT:
        # It holds no connection while everything runs.
        left_out.add(SUPERVISOR)
    if broker == "light" and kind in (Kind.KILL, Kind.CUT):
        # A kill -9 of the light broker loses its last second, as it says; it can be reached at its own port alone.
        left_out |= {BROKER, SUPERVISOR}
    return [target for target in TARGETS if target not in left_out]


def _fault(kind: Kind, target: str, chance: random.Random) -> Fault:
    return Fault(
        kind,
        target,
        after=chance.uniform(0.2, 1.5),
        lasts=chance.triangular(1, 13, 2),
        pick=chance.random(),
        way=chance.choice(list(Way)),
        directions=chance.choice(_DIRECTIONS),
    )
