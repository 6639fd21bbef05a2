"""A system that has nothing to do takes next to nothing."""

import asyncio
import os
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from cli.faults.injection import family
from tests.processes import until
from tests.system.conftest import SERVICES, System, is_ready

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.measured]

MOST, LOOKS = 0.05, 4
# The five together cost as much as so many processes that only wake sixty times a second, as each of them does.
MOST_WAKES = 16
BARE = """
import asyncio, uvloop
async def wake():
    while True:
        await asyncio.sleep(1 / 60)
uvloop.run(wake())
"""


async def test_idle_services_use_less_than_a_twentieth_of_a_core(system: System) -> None:
    pids = [pid for service in SERVICES for pid in system.run_file["services"][service]["pids"]]
    for service in SERVICES:
        await until(partial(is_ready, system, service), what="ready")
    bare = await asyncio.create_subprocess_exec(sys.executable, "-c", BARE)
    try:
        # Whatever else the machine does adds to it: the best of a few looks counts.
        looks = [await _shares(pids, bare.pid)]
        while not _is_little(*looks[-1]) and len(looks) < LOOKS:
            looks.append(await _shares(pids, bare.pid))
    finally:
        bare.kill()
        await bare.wait()
    print("services and one that only wakes, % of a core:", [(100 * share, 100 * floor) for share, floor in looks])
    assert any(_is_little(*look) for look in looks), looks


def _is_little(share: float, floor: float) -> bool:
    """Where a machine's processors are shared out, waking costs more at one hour than at another."""
    return share < max(MOST, MOST_WAKES * floor)


async def _shares(pids: list[int], bare: int) -> tuple[float, float]:
    """What the services use of a core in ten seconds, and the one that only wakes."""
    before, floor, began = sum(map(cpu_seconds, pids)), cpu_seconds(bare), time.monotonic()
    await until(lambda: passed(began, 10), what="ten seconds of idleness")
    elapsed = time.monotonic() - began
    return (sum(map(cpu_seconds, pids)) - before) / elapsed, (cpu_seconds(bare) - floor) / elapsed


async def passed(began: float, seconds: float) -> bool:
    return time.monotonic() - began > seconds


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children that live (proc(5))."""
    ticks = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
