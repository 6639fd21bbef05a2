"""Databases that have what every service's has, and nothing else."""

import pytest_asyncio
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import settings
from sqlalchemy import Connection

from chassis.database import open_engine
from chassis.journal_tables import create_v1, create_v2, create_v3, create_v4, create_v5, create_v6
from tests.conftest import Databases

# No deadline: two cores are shared with a broker and a database while the whole suite runs.
settings.register_profile("chassis", deadline=None)
settings.load_profile("chassis")


def _create(connection: Connection) -> None:
    operations = Operations(MigrationContext.configure(connection))
    create_v1(operations)
    create_v2(operations)
    create_v3(operations)
    create_v4(operations)
    create_v5(operations)
    create_v6(operations)


@pytest_asyncio.fixture
async def chassis_database(databases: Databases) -> str:
    """The URL of a database with the chassis's own tables."""
    url = await databases("chassis")
    engine = open_engine(url, name="tests", connections=1)
    async with engine.begin() as connection:
        await connection.run_sync(_create)
    await engine.dispose()
    return url
