"""Databases of the five services, migrated once a run, an issuer, and the services on them."""

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio

from chassis.migration import migrate
from deploy.local.postgres import Postgres
from tests.answers.mails import Mailroom
from tests.answers.world import SERVICES, Built, World, build_all, build_one, open_world
from tests.services.issuer import Issuer, serving

BuiltWith = Callable[[Mailroom], Built]


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
def built_with(
    answers_databases: dict[str, str], issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> BuiltWith:
    """The services, built once, but notify, which a mailroom is told to."""
    once = build_all(answers_databases, issuer, object_store_url=tmp_path_factory.mktemp("objects").as_uri())

    def built(mailroom: Mailroom) -> Built:
        return {**once, "notify": build_one("notify", answers_databases["notify"], issuer, **mailroom.settings)}

    return built


@pytest_asyncio.fixture
async def mailroom() -> AsyncIterator[Mailroom]:
    async with Mailroom.opened() as one:
        yield one


@pytest_asyncio.fixture
async def world(built_with: BuiltWith, issuer: Issuer, mailroom: Mailroom) -> AsyncIterator[World]:
    async with open_world(built_with(mailroom), issuer) as one:
        yield one
