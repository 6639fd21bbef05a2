"""Numbering on a real PostgreSQL, migrated once a run and emptied for each test, with tokens of a real issuer."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chassis.migration import migrate
from deploy.local.postgres import Postgres
from reference import default_url
from services.numbering.service import build
from services.numbering.settings import NumberingSettings
from tests.services.in_process import InProcess, in_process, told
from tests.services.issuer import Issuer


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def settings(postgres_server: Postgres, issuer: Issuer) -> NumberingSettings:
    url = await postgres_server.create_database("infoparquet_numbering_tests")
    made = NumberingSettings(**told(url, issuer), reference_url=default_url())
    await migrate(url, build(made).migrations)
    return made


@pytest.fixture
async def numbering(settings: NumberingSettings, issuer: Issuer) -> AsyncIterator[InProcess]:
    async with in_process(build(settings), settings, issuer, tables="numbers, sequences") as one:
        yield one
