"""A road of its own for each file of fault tests: the topics' names are fixed, so a broker serves one system."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.folders import fresh_folder
from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from tests.faults.road import Road, open_road


@pytest.fixture(scope="module")
def road_folder() -> Iterator[Path]:
    """Data and logs."""
    folder = fresh_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def postgres(road_folder: Path) -> AsyncIterator[Postgres]:
    """The road's database server."""
    async with Postgres(road_folder / "postgres", *free_ports(1)) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def road(road_folder: Path, postgres: Postgres) -> AsyncIterator[Road]:
    """Broker, database, topics and two services, not started."""
    async with (
        ApacheKafka(road_folder / "kafka", *free_ports(2)) as kafka,
        open_road(kafka, postgres, road_folder) as opened,
    ):
        yield opened
