"""Named points at which a test can have the process die as by `kill -9`.

`INFOPARQUET_CRASH_AT=relay.claimed` dies at the first passage, `relay.claimed:3` at the third; `INFOPARQUET_FREEZE_AT`,
in the same words, stops it as SIGSTOP does. A name that is not in POINTS stops the service at start, so that no test
waits for a point that does not exist.
"""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

POINTS = (
    "relay.locked",
    "relay.fenced",
    "relay.read",
    "relay.recovered",
    "relay.claimed",
    "relay.produced",
    "relay.committed",
    "relay.deleted",
    "consumer.received",
    "consumer.moved",
    "consumer.handled",
    "consumer.committed",
    "consumer.acknowledged",
    "worker.claimed",
    "worker.done",
    "worker.recorded",
    "document.begun",
    "document.piece",
    "document.put",
    "document.counted",
    "document.read",
    "document.whole",
    "document.given-up",
    "document.removed",
)


@dataclass
class _Trap:
    point: str
    passages: int
    signal: signal.Signals


@dataclass
class CrashPoints:
    """What a process reaches on its way; inert unless the environment set a trap."""

    traps: list[_Trap] = field(default_factory=list)

    def reach(self, point: str) -> None:
        """Die or freeze here if a trap says so."""
        for trap in self.traps:
            if trap.point == point:
                trap.passages -= 1
                if trap.passages == 0:
                    os.kill(os.getpid(), trap.signal)


def crash_points(environment: Mapping[str, str]) -> CrashPoints:
    """The traps the environment sets. Raises ValueError for a point that does not exist."""
    traps = []
    for variable, number in (("INFOPARQUET_CRASH_AT", signal.SIGKILL), ("INFOPARQUET_FREEZE_AT", signal.SIGSTOP)):
        for setting in filter(None, environment.get(variable, "").split(",")):
            point, _, passages = setting.partition(":")
            if point not in POINTS:
                message = f"{variable}: « {point} » is not a crash point; there are {', '.join(POINTS)}"
                raise ValueError(message)
            traps.append(_Trap(point, int(passages or 1), number))
    return CrashPoints(traps)
