"""The JSON Schema of each event type, as it is published: draft 2020-12, its `$id` what `ce_dataschema` says.

Objects are open: a writer writes what is declared, and a reader ignores what it does not know. There is one schema for
both, so a model that writes other names than it reads has none.
"""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from .envelope import SCHEMA_BASE
from .payload import Payload

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


class Misdeclared(Exception):  # noqa: N818 - says what is wrong without the suffix
    """A model whose schema would not say what it writes."""


class _Published(GenerateJsonSchema):
    schema_dialect = DIALECT

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - as pydantic declares it
        """The names say it already."""
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Models are closed to unknown names in Python; what is read from a topic is not."""
        written = super().model_schema(schema)
        if written.pop("additionalProperties", None) is not False:
            message = f"{schema['cls'].__name__} would write fields that it does not declare: extra must be 'forbid'"
            raise Misdeclared(message)
        return written


def schema_of(model: type[Payload]) -> Schema:
    """What the value of an event of that type is, for whoever writes or reads it."""
    schema, written = _schema(model, "validation"), _schema(model, "serialization")
    if names := sorted(_names(schema) ^ _names(written)):
        message = f"{model.event_type} reads and writes other fields: {', '.join(names)}"
        raise Misdeclared(message)
    return {"$schema": DIALECT, "$id": schema_id(model.event_type), **schema}


def _schema(model: type[Payload], mode: JsonSchemaMode) -> Schema:
    return model.model_json_schema(by_alias=True, schema_generator=_Published, mode=mode)


def _names(schema: Schema) -> set[str]:
    """The fields of a model and of all that it is made of."""
    whole: Mapping[str, Schema] = {"": schema, **schema.get("$defs", {})}
    return {f"{model}/{field}" for model, one in whole.items() for field in one.get("properties", ())}


def schema_id(event_type: str) -> str:
    """The schema's name, which an event carries as `ce_dataschema`."""
    return f"{SCHEMA_BASE}{event_type}.json"
