"""Which fault hits whom in which round: drawn from the seed alone, and so that all of them occur in enough rounds."""

import itertools
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from deploy.local.kafka_cluster import KafkaCluster
from deploy.local.light import LightBroker
from deploy.local.options import SERVICES


class Kind(StrEnum):
    """What is done: kill -9; SIGSTOP and later SIGCONT; an orderly restart; its connections cut off; its disk filled.

    To replicas together: all restarted one after the other; one more comes, which has the group share out, and goes.
    """

    KILL = "kill"
    STOP = "stop"
    RESTART = "restart"
    CUT = "cut"
    FULL = "full"
    ROLL = "roll"
    JOIN = "join"


class Way(StrEnum):
    """How connections are cut off: ended and refused, slowed down, or left open while nothing passes any more."""

    DROPPED = "dropped"
    DELAYED = "delayed"
    HALF_OPEN = "half-open"


SUPERVISOR, BROKER, CONTROLLER, DATABASE = "supervisor", "broker", "controller", "database"
# They have two replicas: the one whose relay holds the lock, and the one that stands by.
REPLICATED = ("numbering", "routing")
STANDBYS: Mapping[str, str] = {f"{service}-standby": service for service in REPLICATED}
TARGETS = (*SERVICES, *STANDBYS, SUPERVISOR, BROKER, CONTROLLER, DATABASE)
# What only some can meet; the other kinds hit anybody.
_MET_BY: Mapping[Kind, Sequence[str]] = {
    Kind.FULL: (BROKER, DATABASE),
    Kind.ROLL: REPLICATED,
    Kind.JOIN: REPLICATED,
}
_LASTING = (Kind.STOP, Kind.CUT, Kind.FULL, Kind.JOIN)
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
        lasting = f", {self.lasts:.1f} s" if self.kind in _LASTING else ""
        return f"{self.kind} {self.target}{how}{lasting}"


def plan(seed: int, rounds: int, broker: str, left_out: Collection[Kind] = ()) -> list[Fault]:
    """As many faults as rounds, the kinds in turn, and each kind's targets in an order of the seed's."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    order = [kind for kind in chance.sample(list(Kind), len(Kind)) if kind not in left_out]
    targets = {kind: _endlessly(_targets(kind, broker, short=rounds < SHORT), chance) for kind in order}
    kinds = itertools.islice(itertools.cycle(order), rounds)
    return [_fault(kind, next(targets[kind]), chance) for kind in kinds]


def _endlessly(targets: Sequence[str], chance: random.Random) -> Iterator[str]:
    while True:
        yield from chance.sample(targets, len(targets))


def _targets(kind: Kind, broker: str, *, short: bool) -> Sequence[str]:
    left_out = {SUPERVISOR} if short else set()
    if kind is Kind.CUT:
        # It holds no connection while everything runs.
        left_out.add(SUPERVISOR)
    if broker != KafkaCluster.kind:
        # One node by itself is the controller too.
        left_out.add(CONTROLLER)
    if broker == LightBroker.kind and kind in (Kind.KILL, Kind.CUT, Kind.FULL):
        # A kill -9 of the light broker loses its last second, as it says; it can be reached at its own port alone.
        left_out |= {BROKER, SUPERVISOR}
    return [target for target in _MET_BY.get(kind, TARGETS) if target not in left_out]


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
