"""JSON values drawn from a model's own JSON Schema: what an integrator who only has the schema could send."""

from functools import cache
from typing import Any

from hypothesis import strategies as st
from infoparquet_contracts.payload import Payload

Schema = dict[str, Any]


@cache
def values_of(model: type[Payload]) -> st.SearchStrategy[Any]:
    schema = model.model_json_schema(by_alias=True)
    return _values(schema, schema.get("$defs", {})).map(_with_its_ground)


def _values(schema: Schema, definitions: Schema) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _values(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return st.one_of([_values(choice, definitions) for choice in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema["minimum"], schema["maximum"])
        case "string":
            return _texts(schema)
        case "array":
            items = _values(schema["items"], definitions)
            return st.lists(items, min_size=schema.get("minItems", 0), max_size=3)
        case "object":
            fields = {name: _values(field, definitions) for name, field in schema["properties"].items()}
            return st.fixed_dictionaries(fields)
    raise AssertionError(f"no values for {schema}")


def _texts(schema: Schema) -> st.SearchStrategy[str]:
    match schema.get("format"):
        case "uuid":
            return st.uuids().map(str)
        case "date":
            return st.dates().map(lambda day: day.isoformat())
        case "date-time":
            return st.datetimes().map(lambda time: f"{time.isoformat()}Z")
    texts = st.from_regex(schema["pattern"].removeprefix("^").removesuffix("$"), fullmatch=True)
    return texts.filter(lambda text: len(text) <= schema["maxLength"])


def _with_its_ground(value: Schema) -> Schema:
    # The one rule that a schema does not say: a dismissal has a ground, nothing else has one.
    if "orientation" in value:
        dismissed = value["orientation"] == "dismissal"
        return value | {"ground": (value["ground"] or "amnesty") if dismissed else None}
    return value
