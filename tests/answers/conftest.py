"""Databases of the five services, migrated once a run, and an issuer."""

from collections.abc import Iterator

import pytest
import pytest_asyncio

from chassis.migration import migrate
from deploy.local.postgres import Postgres
from tests.answers.world import SERVICES
from tests.services.issuer import Issuer, serving


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    with serving() as one:
        yield one


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def answers_databases(postgres_server: Postgres) -> dict[str, str]:
    """The URL of each service's database."""
    urls = {}
    for name, part in SERVICES.items():
        urls[name] = await postgres_server.create_database(f"infoparquet_answers_{name}")
        await migrate(urls[name], part.migrations)
    return urls
