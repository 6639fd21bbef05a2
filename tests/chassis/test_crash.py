"""Crash points exist where tests name them; one that is misspelt stops the service instead of never being reached."""

import signal
import sys
from asyncio.subprocess import create_subprocess_exec

import pytest

from chassis.crash import POINTS, crash_points
from tests.processes import ROOT

REACHES_TWICE = """
import os
from chassis.crash import crash_points
points = crash_points(os.environ)
for passage in (1, 2):
    points.reach("relay.read")
    points.reach("relay.claimed")
    print(passage, flush=True)
"""


async def end_and_output(**environment: str) -> tuple[int | None, bytes]:
    """A process that passes two points twice, with traps set."""
    process = await create_subprocess_exec(
        sys.executable, "-c", REACHES_TWICE, cwd=ROOT, env={"PYTHONPATH": str(ROOT), **environment}, stdout=-1
    )
    output, _ = await process.communicate()
    return process.returncode, output


@pytest.mark.parametrize("variable", ["INFOPARQUET_CRASH_AT", "INFOPARQUET_FREEZE_AT"])
@pytest.mark.parametrize("named", ["relay.claim", "relay.claimed,consumer.recieved", ":2"])
def test_a_point_that_does_not_exist_is_refused_by_name(variable: str, named: str) -> None:
    with pytest.raises(ValueError, match="is not a crash point") as caught:
        crash_points({variable: named})
    assert variable in str(caught.value)
    assert all(point in str(caught.value) for point in POINTS)


def test_without_a_trap_every_point_is_passed() -> None:
    points = crash_points({})
    for point in POINTS:
        points.reach(point)


async def test_a_trap_kills_the_process_as_kill_9_does() -> None:
    assert await end_and_output(INFOPARQUET_CRASH_AT="relay.claimed") == (-signal.SIGKILL, b"")


async def test_a_trap_may_wait_for_a_later_passage() -> None:
    assert await end_and_output(INFOPARQUET_CRASH_AT="relay.claimed:2") == (-signal.SIGKILL, b"1\n")
