"""Databases of the five services, migrated once a run, an issuer, and the services on them."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from chassis.migration import migrate
from deploy.local.postgres import Postgres
from tests.answers.mails import Mailroom
from tests.answers.world import SERVICES, Built, World, build_all, build_one, open_world
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


@pytest.fixture(scope="session")
def once_built(answers_databases: dict[str, str], issuer: Issuer) -> Built:
    """The services; notify knows of no mailroom."""
    return build_all(answers_databases, issuer)


@pytest_asyncio.fixture
async def mailroom() -> AsyncIterator[Mailroom]:
    async with Mailroom.opened() as one:
        yield one


@pytest_asyncio.fixture
async def world(
    once_built: Built, answers_databases: dict[str, str], issuer: Issuer, mailroom: Mailroom
) -> AsyncIterator[World]:
    notify = build_one("notify", answers_databases["notify"], issuer, **mailroom.settings)
    async with open_world({**once_built, "notify": notify}, issuer) as one:
        yield one
