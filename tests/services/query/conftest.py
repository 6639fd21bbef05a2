"""The query service on a database of its own, fed with facts as its consumer feeds it, with tokens of a real issuer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from chassis.migration import migrate
from chassis.service import Service
from deploy.local.postgres import Postgres
from reference import default_url, load
from reference.names import Names
from services.query import api, feed_api, figures_api, stream_api, views_api
from services.query import service as query_service
from services.query.downloads import Downloads
from services.query.fanout import Fanout
from services.query.figures_shown import Labels
from services.query.service import build
from services.query.settings import QuerySettings
from services.query.words import Words
from tests.services.in_process import InProcess, in_process, told
from tests.services.issuer import Issuer

# Seconds; shorter than in life. Tests of what is answered once the facts are there have longer.
PATIENCE = 0.3
FAMILIES = {"I": "Circulation et transports"}
# Seconds; shorter than in life, so that a test need not wait for one.
HEARTBEAT = 0.5


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated(postgres_server: Postgres) -> str:
    """One database at the newest schema, for all tests of the service."""
    url = await postgres_server.create_database("infoparquet_query_tests")
    await migrate(url, Path(query_service.__file__).with_name("migrations"))
    return url


@pytest.fixture(scope="session")
def names() -> Names:
    """The courts' names, read once."""
    return Names(load(default_url()).courts)


@pytest.fixture
def fanout(names: Names) -> Fanout:
    """What the service's streams are fed by."""
    return Fanout(lambda: names)


@pytest.fixture(scope="session")
def words() -> Words:
    """Of the reference data that come with the package, read once."""
    return Words(load(default_url()))


@pytest.fixture(scope="session")
def query_settings(migrated: str, issuer: Issuer) -> QuerySettings:
    """Of the tests' one database."""
    return QuerySettings(**told(migrated, issuer), reference_url=default_url())


@pytest.fixture(scope="session")
def built_query(query_settings: QuerySettings) -> Service:
    """Built once, since reading the reference data takes a moment and much memory."""
    return build(query_settings)


@pytest.fixture
def patience() -> float:
    """How long the service waits for what it does not know."""
    return PATIENCE


@pytest_asyncio.fixture
async def query(
    built_query: Service,
    query_settings: QuerySettings,
    issuer: Issuer,
    names: Names,
    words: Words,
    fanout: Fanout,
    patience: float,
) -> AsyncIterator[InProcess]:
    """The service without a procedure yet, which waits less than in life for what it does not know."""
    service = replace(
        built_query,
        routers=lambda parts: [
            api.routes(parts, lambda: names, lambda: words, lambda: fanout.newest, patience=patience),
            views_api.routes(parts),
            feed_api.routes(parts, lambda: names, fanout),
            stream_api.routes(parts, fanout, patience=patience, heartbeat=HEARTBEAT),
            figures_api.routes(parts, lambda: Labels(names, FAMILIES), Downloads(parts, lambda: names, lambda: words)),
        ],
        workers=lambda parts: [lambda: fanout.run(parts.engine, parts.facts_applied)],
    )
    tables = "procedures, timeline, occurrences, figures, feed, saved_views"
    async with in_process(service, query_settings, issuer, tables=tables) as one:
        yield one
