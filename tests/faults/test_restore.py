"""A service's database is lost and restored from an hour ago: it learns back what it said, and says nothing twice."""

import pytest

from deploy.local.postgres import Postgres
from tests.faults.road import Road
from tests.faults.snapshots import restore, snapshot

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("restore")]


async def test_numbering_gives_no_number_twice_after_its_database_was_restored(road: Road, postgres: Postgres) -> None:
    for service in road.services.values():
        await service.start()
    await road.arrived(await road.submit(10))
    await snapshot(postgres, road.services["numbering"])
    await road.arrived(await road.submit(30))

    await restore(postgres, road.services["numbering"])
    await road.services["numbering"].start()
    await road.arrived(await road.submit(30))
    await road.audit()
    assert await road.rows("numbering", "SELECT count(*), max(sequence) FROM numbers") == [(70, 70)]
