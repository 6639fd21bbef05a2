"""A process frozen in the middle of a batch, another takes over, the first is resumed: nothing is done twice."""

import signal
from pathlib import Path

import pytest

from tests.faults.road import Road
from tests.processes import ServiceProcess, until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("frozen")]

POINTS = ("relay.claimed", "relay.produced", "relay.committed", "consumer.moved", "consumer.handled")


async def frozen(service: ServiceProcess) -> None:
    """Wait until the process has stopped itself."""

    async def is_stopped() -> bool:
        assert service.process is not None
        return state_of(service.process.pid) == "T"

    await until(is_stopped, what="stopped by its own hand")


def state_of(pid: int) -> str:
    """The process's state letter; T is stopped (proc(5))."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


@pytest.mark.parametrize("point", POINTS)
async def test_a_frozen_holder_that_is_resumed_repeats_nothing(road: Road, point: str) -> None:
    first = road.services["routing"]
    await first.kill()
    if road.services["numbering"].process is None:
        await road.services["numbering"].start()
    procedures = await road.submit(20)
    await first.start(INFOPARQUET_FREEZE_AT=point)
    await frozen(first)
    procedures += await road.submit(20)

    successor = await road.replica("routing")
    await successor.start()
    try:
        await road.arrived(procedures)
        first.send(signal.SIGCONT)
        procedures = await road.submit(20)
        await road.arrived(procedures)
        await road.audit()
        assert first.process is not None
        assert first.process.returncode is None, "the resumed process goes on as a standby"
    finally:
        await successor.kill()


async def test_a_process_that_was_superseded_takes_its_place_back(road: Road) -> None:
    await road.arrived(await road.submit(5))
    await road.audit()
