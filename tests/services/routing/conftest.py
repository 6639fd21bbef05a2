"""Routing on a real PostgreSQL, migrated once a run and emptied for each test, with tokens of a real issuer."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chassis.migration import migrate
from chassis.service import Service
from deploy.local.postgres import Postgres
from reference import default_url
from services.routing.service import build
from services.routing.settings import RoutingSettings
from tests.services.in_process import InProcess, in_process, told
from tests.services.issuer import Issuer

INTAKE = "https://infoparquet.example"
EMPTIED = "deliveries, court_messages, replies, assignments, followed_facts, idempotency_keys, procedures"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def settings(postgres_server: Postgres, issuer: Issuer) -> RoutingSettings:
    url = await postgres_server.create_database("infoparquet_routing_tests")
    return RoutingSettings(**told(url, issuer), reference_url=default_url(), intake_url=INTAKE)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def service(settings: RoutingSettings) -> Service:
    """Built once, since reading the reference data takes a moment."""
    built = build(settings)
    await migrate(settings.database_url, built.migrations)
    return built


@pytest.fixture
async def routing(service: Service, settings: RoutingSettings, issuer: Issuer) -> AsyncIterator[InProcess]:
    async with in_process(service, settings, issuer, tables=EMPTIED) as one:
        yield one
