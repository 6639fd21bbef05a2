"""The five services as they run, put together once a process; nothing that they would connect to is there."""

import pytest
from fastapi import FastAPI
from infoparquet_contracts.topics import SERVICES

from cli.contracts_services import running


@pytest.fixture(scope="session")
def applications() -> dict[str, FastAPI]:
    return {service: running(service).app for service in SERVICES}


@pytest.fixture(params=SERVICES)
def application(request: pytest.FixtureRequest, applications: dict[str, FastAPI]) -> FastAPI:
    """Each service's in turn."""
    return applications[request.param]
