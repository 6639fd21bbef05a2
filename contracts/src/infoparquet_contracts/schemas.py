"""The JSON Schema of each event type, as it is published: draft 2020-12, its `$id` what `ce_dataschema` says.

Objects are open: a writer writes what is declared, and a reader ignores what it does not know.
"""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from .envelope import SCHEMA_BASE
from .payload import Payload

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


class _Published(GenerateJsonSchema):
    schema_dialect = DIALECT

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - as pydantic declares it
        """The names say it already."""
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Models are closed to unknown names in Python; what is read from a topic is not."""
        written = super().model_schema(schema)
        written.pop("additionalProperties", None)
        return written


def schema_of(model: type[Payload]) -> Schema:
    """What the value of an event of that type is, for whoever writes or reads it."""
    schema = model.model_json_schema(by_alias=True, schema_generator=_Published)
    return {"$schema": DIALECT, "$id": schema_id(model.event_type), **schema}


def schema_id(event_type: str) -> str:
    """The schema's name, which an event carries as `ce_dataschema`."""
    return f"{SCHEMA_BASE}{event_type}.json"
