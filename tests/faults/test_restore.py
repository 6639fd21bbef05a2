"""Databases are lost and restored from an hour ago: services learn back what they said, and say nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from infoparquet_contracts.replies import AcknowledgedReply

from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from tests import audit
from tests.docs.recovery_page import commands, run
from tests.faults.road import Road, open_road
from tests.faults.test_replies import answer, states, taken
from tests.processes import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("restore")]

NAMES = ("numbering", "routing", "query")
BACK_UP, RESTORE = "Back a service's database up", "Restore a service's database"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def road(road_folder: Path, postgres: Postgres) -> AsyncIterator[Road]:
    """With query on it."""
    async with (
        ApacheKafka(road_folder / "kafka", *free_ports(2)) as kafka,
        open_road(kafka, postgres, road_folder, NAMES) as opened,
    ):
        yield opened


async def as_the_page_says(road: Road, title: str) -> None:
    """Run the one command under that heading for each service."""
    (command,) = commands(title)
    for name, service in road.services.items():
        await run(command, road.folder, {**service.environment, "SERVICE": name})


async def acknowledged(road: Road, before: int) -> None:
    """Courts take in all that was submitted after the first so many."""
    found = await states(road)
    await taken(road, await answer(road, {one: found[one] for one in road.submitted[before:]}, AcknowledgedReply))


async def test_nothing_is_said_twice_after_databases_were_restored(road: Road) -> None:
    await asyncio.gather(*(service.start() for service in road.services.values()))
    await road.arrived(await road.submit(6))
    await as_the_page_says(road, BACK_UP)
    await road.arrived(await road.submit(9))
    await acknowledged(road, 0)

    await asyncio.gather(*(service.kill() for service in road.services.values()))
    await as_the_page_says(road, RESTORE)
    await asyncio.gather(*(service.start() for service in road.services.values()))
    await road.arrived(await road.submit(6))
    await acknowledged(road, 15)
    await audit.audit(road.kafka.bootstrap, road.submitted, and_then=("acknowledged",))
    assert await road.rows("numbering", "SELECT count(*), max(sequence) FROM numbers") == [(21, 21)]
    told = "SELECT count(*), count(DISTINCT procedure_id) FROM court_messages"
    assert await road.rows("routing", told) == [(21, 21)]
    receipts = "SELECT count(*), count(placed_at) FROM deliveries"
    assert await road.rows("routing", receipts) == [(21, 21)]


async def test_the_view_is_whole_after_its_database_was_restored_and_after_a_rebuild(road: Road) -> None:
    rebuild, as_json = commands("Rebuild the view")[0].splitlines()
    shown = "SELECT p.id, p.status, t.id FROM procedures AS p JOIN timeline AS t ON t.procedure_id = p.id"

    async def whole() -> list[tuple[Any, ...]]:
        found = sorted(await road.rows("query", shown))
        return found if len(found) == 21 * 5 else []

    before = await until(whole, seconds=60, what="all that was said shown")
    assert {status for _, status, _ in before} == {"acknowledged"}
    for command in (rebuild, as_json):
        await run(command, road.folder, road.services["query"].environment)
        assert await whole() == before
