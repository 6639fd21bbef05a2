"""One fault, done to a real process or connection, and undone."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cli.faults import plan
from cli.faults.detour import Cut, Detour, connected_from
from cli.faults.plan import DATABASE, SUPERVISOR, Fault, Kind
from cli.faults.system import Campaigned, lives
from deploy.local.http_process import HttpProcess
from deploy.local.options import CONTROLLER, KAFKA, POSTGRES

_TAKE_OVER_LIMIT = 120.0
_DOWN_LIMIT = 120.0
# A port that the system leaves free.
_SPARE = 80
_EVEN = 0.5
_LOOK_AGAIN = 0.05


async def inject(system: Campaigned, fault: Fault) -> float:
    """Do it to its end; answers when that was, by the monotonic clock. Raises TimeoutError without a relay."""
    match fault.kind:
        case Kind.CUT:
            return await _cut(system, fault)
        case Kind.STOP:
            return await _freeze(system, fault)
        case Kind.FULL:
            return await _fill(system, fault)
        case Kind.ROLL:
            return await _roll(system, fault)
        case Kind.JOIN:
            return await _join(system, fault)
        case _ if fault.target == SUPERVISOR:
            return await _begin_again(system, fault)
        case _:
            pid = await _pid(system, fault)
            ended = time.monotonic()
            _send(pid, _ending(fault))
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
    """Of a part that runs: one that ended by itself, as a node does whose disk was full, is waited for."""
    async with asyncio.timeout(_DOWN_LIMIT):
        while True:
            pid = await _pid_now(system, fault)
            if lives(pid):
                return pid
            await asyncio.sleep(_LOOK_AGAIN)


async def _pid_now(system: Campaigned, fault: Fault) -> int:
    """As the run file has it."""
    run = system.read()
    match fault.target:
        case plan.SUPERVISOR:
            return int(run["pid"])
        case plan.BROKER | plan.CONTROLLER:
            return int(run["nodes"][_node(system, fault)]["pid"])
        case plan.DATABASE:
            return int(run["postgres"]["pid"])
        case service:
            name, place = await system.replica(service)
            return int(system.read()["services"][name]["pids"][place])


def _node(system: Campaigned, fault: Fault) -> int:
    """The place among the nodes of the one that is meant."""
    if fault.target == plan.CONTROLLER:
        return system.controller()
    return int(fault.pick * len(system.run["nodes"]))


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
    """Of a process its own connections, to whatever is behind a detour; of what is behind one everybody's to it."""
    own: list[Detour] = []
    match fault.target:
        case plan.BROKER | plan.CONTROLLER:
            own = [system.detours[first + _node(system, fault)] for first in (KAFKA, CONTROLLER)]
        case plan.DATABASE:
            own = [system.detours[POSTGRES]]
    is_its = connected_from(await _pid(system, fault))
    for detour in system.detours.values():
        detour.cut(Cut(fault.way, fault.directions, _anybody if detour in own else is_its))
    try:
        await asyncio.sleep(fault.lasts)
    finally:
        for detour in system.detours.values():
            detour.mend()
    return time.monotonic()


def _anybody(_near: int, _far: int) -> bool:
    return True


async def _fill(system: Campaigned, fault: Fault) -> float:
    """What it writes on is full until its time is over."""
    if system.disks is None:
        raise RuntimeError("no disk was mounted")
    database = fault.target == DATABASE
    folder = system.database_folder if database else system.node_folder(_node(system, fault))
    await system.disks.fill(folder)
    try:
        await asyncio.sleep(fault.lasts)
    finally:
        await system.disks.mend(folder)
    return time.monotonic()


async def _roll(system: Campaigned, fault: Fault) -> float:
    """Each replica is restarted in order once the one before is ready again."""
    for pid in list(system.read()["services"][fault.target]["pids"]):
        _send(pid, signal.SIGTERM)
        async with asyncio.timeout(_DOWN_LIMIT):
            await system.replaced(fault.target, pid)
            await system.whole()
    return time.monotonic()


async def _join(system: Campaigned, fault: Fault) -> float:
    """One more replica, which its group gives a part of what the others read, and takes it back once it is gone."""
    run = system.read()["services"][fault.target]
    listen = f"127.0.0.1:{system.options.port(_SPARE)}"
    replica = HttpProcess(
        f"{fault.target}-joining",
        [*system.options.command, "serve", fault.target],
        url=f"http://{listen}",
        log=system.options.data / "logs" / f"{fault.target}-joining.log",
        environment=_told(run["pids"][0]) | {"INFOPARQUET_LISTEN": listen},
    )
    try:
        await replica.start()
        await replica.until_ready()
        await asyncio.sleep(fault.lasts)
        if fault.pick < _EVEN:
            await replica.stop()
    finally:
        await replica.kill()
    return time.monotonic()


def _told(pid: int) -> dict[str, str]:
    """The environment that a process was started with."""
    words = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(word.split("=", 1) for word in words if "=" in word)
