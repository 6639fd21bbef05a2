"""kill -9 at every named point of relay and consumer: what was accepted arrives, once, in order."""

import pytest

from chassis.crash import POINTS
from tests.faults.road import Road

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("crash-points")]

CASES = [("routing", point) for point in POINTS if point.startswith(("relay", "consumer"))] + [
    ("numbering", point) for point in POINTS if point.startswith("consumer")
]


@pytest.mark.parametrize(("service", "point"), CASES)
async def test_nothing_is_lost_or_repeated_when_a_service_is_killed(road: Road, service: str, point: str) -> None:
    other = next(name for name in road.services if name != service)
    if road.services[other].process is None:
        await road.services[other].start()
    await road.services[service].kill()
    procedures = await road.submit(20)

    await road.services[service].start(INFOPARQUET_CRASH_AT=point)
    assert await road.services[service].ended() == -9

    procedures += await road.submit(20)
    await road.services[service].start()
    await road.arrived(procedures)
    await road.audit()
