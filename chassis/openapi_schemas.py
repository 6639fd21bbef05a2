"""JSON Schemas of the bodies in an OpenAPI document: what is sent is closed, what is answered open; words in French."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from infoparquet_contracts.codes import Code
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from chassis.described import Content

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]
COMPONENTS = "#/components/schemas/"


class _Documented(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - as pydantic declares it
        """The names say it already."""
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Without the docstring, which is for who reads the code; whoever reads an answer ignores what is new in it."""
        written = super().model_schema(schema)
        written.pop("description", None)
        if self.mode == "serialization":
            written.pop("additionalProperties", None)
        return written

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """As a model's."""
        written = super().dataclass_schema(schema)
        written.pop("description", None)
        return written

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """None stands for what was left out, and says nothing more."""
        written = super().default_schema(schema)
        if written.get("default", "") is None:
            del written["default"]
        return written


def schemas_of(contents: Mapping[str, tuple[Content, Mode]]) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """The schema of each content by its name, and the definitions that they share."""
    asked = [(name, mode, TypeAdapter(content.shape)) for name, (content, mode) in contents.items()]
    found, shared = TypeAdapter.json_schemas(asked, ref_template=COMPONENTS + "{model}", schema_generator=_Documented)
    return {name: schema for (name, _), schema in found.items()}, dict(shared.get("$defs", {}))


def labelled(definition: Schema) -> Schema:
    """A definition; of codes, with the label that people read of each instead of a docstring."""
    if "enum" not in definition:
        return definition
    told = {name: value for name, value in definition.items() if name != "description"}
    labels = _LABELS.get(tuple(definition["enum"]))
    return told | ({"description": labels} if labels else {})


_LABELS: Final = {
    tuple(one.value for one in code): "\n".join(f"- `{one.value}` : {one.label}" for one in code)
    for code in Code.__subclasses__()
}


def reachable(part: Any, definitions: Mapping[str, Schema]) -> set[str]:  # noqa: ANN401 - any part of a document
    """The names of the definitions that a part of a document refers to, however far away."""
    names: set[str] = set()
    waiting = [part]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            reference = one.get("$ref")
            if isinstance(reference, str) and reference.startswith(COMPONENTS):
                name = reference.removeprefix(COMPONENTS)
                waiting += [] if name in names else [definitions[name]]
                names.add(name)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return names
