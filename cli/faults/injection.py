"""One fault, done to a real process or connection, and undone."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cli.faults import plan
from cli.faults.detour import Cut, connected_from
from cli.faults.plan import DATABASE, SUPERVISOR, Fault, Kind
from cli.faults.system import Campaigned
from deploy.local.options import KAFKA, POSTGRES

_TAKE_OVER_LIMIT = 40.0
_DOWN_LIMIT = 60.0


async def inject(system: Campaigned, fault: Fault) -> float:
    """Do it to its end; answers when that was, by the monotonic clock. Raises TimeoutError without a relay."""
    match fault.kind:
        case Kind.CUT:
            return await _cut(system, fault)
        case Kind.STOP:
            return await _freeze(system, fault)
        case _ if fault.target == SUPERVISOR:
            return await _begin_again(system, fault)
        case _:
            pid = await _pid(system, fault)
            ended = time.monotonic()
            os.kill(pid, _ending(fault))
            return ended


def _ending(fault: Fault) -> signal.Signals:
    if fault.kind is Kind.KILL:
        return signal.SIGKILL
    # After SIGTERM PostgreSQL waits for its clients to leave.
    return signal.SIGINT if fault.target == DATABASE else signal.SIGTERM


async def _begin_again(system: Campaigned, fault: Fault) -> float:
    """The supervisor, and with it everything it started."""
    if system.child is None:
        raise RuntimeError("the system was never started")
    ended = time.monotonic()
    if fault.kind is Kind.KILL:
        await system.child.kill()
    else:
        await system.child.stop(limit=_DOWN_LIMIT)
    await system.up()
    return ended


async def _pid(system: Campaigned, fault: Fault) -> int:
    run = system.read()
    match fault.target:
        case plan.SUPERVISOR:
            return int(run["pid"])
        case plan.BROKER:
            nodes = run["nodes"]
            return int(nodes[int(fault.pick * len(nodes))]["pid"])
        case plan.DATABASE:
            return int(run["postgres"]["pid"])
        case service:
            name, place = await system.replica(service)
            return int(system.read()["services"][name]["pids"][place])


async def _freeze(system: Campaigned, fault: Fault) -> float:
    """SIGSTOP, and SIGCONT when its time is over and, where it held a relay's lock, another has taken it."""
    pid = await _pid(system, fault)
    held = fault.target in system.options.replicas
    service, place = await system.replica(fault.target) if held else (fault.target, 0)
    with frozen(family(pid) if fault.target == DATABASE else [pid]):
        await asyncio.sleep(fault.lasts)
        if held:
            async with asyncio.timeout(_TAKE_OVER_LIMIT):
                await system.holder(service, other_than=place)
    return time.monotonic()


@contextlib.contextmanager
def frozen(pids: Sequence[int]) -> Iterator[None]:
    """SIGSTOP to each, and SIGCONT at the end; one that is no more is passed over."""
    try:
        for pid in pids:
            _send(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            _send(pid, signal.SIGCONT)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def family(pid: int) -> list[int]:
    """A process and those it started: PostgreSQL's sessions are processes of their own."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


async def _cut(system: Campaigned, fault: Fault) -> float:
    """Of the broker or the database everybody's connections; of a service its own, to both."""
    concerns: Callable[[int], bool] = _anybody
    match fault.target:
        case plan.BROKER:
            nodes = len(system.read()["nodes"])
            detours = [system.detours[KAFKA + int(fault.pick * nodes)]]
        case plan.DATABASE:
            detours = [system.detours[POSTGRES]]
        case _:
            detours, concerns = list(system.detours.values()), connected_from(await _pid(system, fault))
    cut = Cut(fault.way, fault.directions, concerns)
    for detour in detours:
        detour.cut(cut)
    try:
        await asyncio.sleep(fault.lasts)
    finally:
        for detour in detours:
            detour.mend()
    return time.monotonic()


def _anybody(_: int) -> bool:
    return True
