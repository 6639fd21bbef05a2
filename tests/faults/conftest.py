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
async def road(road_folder: Path) -> AsyncIterator[Road]:
    """Broker, database, topics and two services, not started."""
    broker_port, controller_port, database_port = free_ports(3)
    async with (
        ApacheKafka(road_folder / "kafka", broker_port, controller_port) as kafka,
        Postgres(road_folder / "postgres", database_port) as postgres,
        open_road(kafka, postgres, road_folder) as opened,
    ):
        yield opened
