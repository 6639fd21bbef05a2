"""A system that has nothing to do takes next to nothing."""

import os
import time
from pathlib import Path

import pytest

from cli.faults.injection import family
from tests.processes import until
from tests.system.conftest import SERVICES, System, is_ready

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.measured]

MOST, LOOKS = 0.05, 4


async def test_idle_services_use_less_than_a_twentieth_of_a_core(system: System) -> None:
    pids = [pid for service in SERVICES for pid in system.run_file["services"][service]["pids"]]
    for service in SERVICES:
        await until(lambda service=service: is_ready(system, service), what="ready")
    # Whatever else the machine does adds to it: the best of a few looks counts.
    shares = [await _share(pids)]
    while shares[-1] >= MOST and len(shares) < LOOKS:
        shares.append(await _share(pids))
    print(f"services: {' '.join(f'{100 * share:.1f}' for share in shares)} % of a core")
    assert min(shares) < MOST


async def _share(pids: list[int]) -> float:
    """What these use of a core in ten seconds."""
    before, began = sum(map(cpu_seconds, pids)), time.monotonic()
    await until(lambda: passed(began, 10), what="ten seconds of idleness")
    return (sum(map(cpu_seconds, pids)) - before) / (time.monotonic() - began)


async def passed(began: float, seconds: float) -> bool:
    return time.monotonic() - began > seconds


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children that live (proc(5))."""
    ticks = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
