"""The OpenAPI documents of the services, each put together as it runs; nothing is connected to."""

from typing import Any

from infoparquet_contracts.published import as_text
from infoparquet_contracts.topics import SERVICES

from chassis.service import Running
from chassis.settings import Settings
from cli.service import parts_of
from reference import default_url


def openapi_documents() -> dict[str, dict[str, Any]]:
    """Each service's document by its name."""
    return {service: put_together(service).app.openapi() for service in SERVICES}


def openapi_files() -> dict[str, str]:
    """The same as they are committed, by their paths."""
    return {f"openapi/{service}.json": as_text(document) for service, document in openapi_documents().items()}


def put_together(service: str) -> Running:
    """A service with the settings that its settings themselves give as examples, and the reference data shipped."""
    build, model = parts_of(service)
    settings = _exemplary(model)
    return Running(build(settings), settings)


def _exemplary(model: type[Settings]) -> Settings:
    required = {name: field.examples for name, field in model.model_fields.items() if field.is_required()}
    values: dict[str, Any] = {name: examples[0] for name, examples in required.items() if examples}
    return model(**values | {"reference_url": default_url()})
