"""The OpenAPI documents of the services, each put together as it runs; nothing is connected to."""

from collections.abc import Mapping
from typing import Any

from infoparquet_contracts.published import as_text
from infoparquet_contracts.topics import SERVICES

from cli.contracts_services import running


def openapi_documents() -> Mapping[str, dict[str, Any]]:
    """Each service's document by its name."""
    return {service: running(service).app.openapi() for service in SERVICES}


def openapi_files() -> Mapping[str, str]:
    """The same as they are committed, by their paths."""
    return {f"openapi/{service}.json": as_text(document) for service, document in openapi_documents().items()}
