"""Describes in OpenAPI the bodies that routes read themselves, in the form they were sent."""

from typing import Any

from pydantic import BaseModel


def documented(model: type[BaseModel], media_type: str) -> dict[str, Any]:
    """A route's `openapi_extra` for a body of this model."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    return {"requestBody": {"required": True, "content": {media_type: {"schema": _inlined(schema, definitions)}}}}


def _inlined(part: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401 - any part of a JSON schema
    """The schema without references, which would point nowhere within an OpenAPI document."""
    if isinstance(part, list):
        return [_inlined(one, definitions) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inlined(definitions[part["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(value, definitions) for name, value in part.items()}
