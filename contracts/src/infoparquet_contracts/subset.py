"""The part of JSON Schema in which the contracts are written, and a schema taken apart into its cases. Pure.

Whatever else a schema says is named by `unjudged`, so that nothing passes because it was not understood.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = dict[str, Any]
Subschema = Schema | bool
Path = tuple[str, ...]

# Stands in a path for every item of an array and every name of a map.
ITEM: Final = "*"
ANNOTATIONS: Final = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "deprecated", "readOnly", "writeOnly"}
)
TYPES: Final = ("null", "boolean", "integer", "number", "string", "array", "object")
# What a schema without `type` may be: every number is a `number`.
_ANY: Final = ("null", "boolean", "number", "string", "array", "object")
_REFERENCE: Final = "#/$defs/"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_schema(value: object) -> bool:
    return isinstance(value, dict | bool)


def _is_type(value: object) -> bool:
    several = value if isinstance(value, list) else [value]
    return bool(several) and all(one in TYPES for one in several)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_WELL_FORMED: Final[Mapping[str, Callable[[Any], bool]]] = {
    "$ref": _is_text,
    "anyOf": lambda value: isinstance(value, list) and bool(value) and all(map(_is_schema, value)),
    "type": _is_type,
    "enum": lambda value: isinstance(value, list),
    "const": lambda _: True,
    "default": lambda _: True,
    "pattern": _is_text,
    "format": _is_text,
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "uniqueItems": lambda value: isinstance(value, bool),
    "items": _is_schema,
    "properties": lambda value: isinstance(value, dict) and all(map(_is_schema, value.values())),
    "required": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    "additionalProperties": _is_schema,
}


@dataclass(frozen=True, slots=True)
class Case:
    """One type that a schema allows, with its constraints; or one single value, in a tuple so that null is one."""

    type: str
    schema: Schema
    only: tuple[Any, ...] = ()

    @property
    def is_value(self) -> bool:
        return bool(self.only)

    @property
    def value(self) -> Any:  # noqa: ANN401 - any JSON value
        return self.only[0]

    def fits_type_of(self, other: "Case") -> bool:
        return self.type == other.type or (self.type, other.type) == ("integer", "number")

    def overlaps_type_of(self, other: "Case") -> bool:
        return self.fits_type_of(other) or other.fits_type_of(self)


def definitions_of(schema: Schema) -> Mapping[str, Schema]:
    found = schema.get("$defs", {})
    return found if isinstance(found, dict) else {}


def resolved(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """The schema that a reference names, with what is said beside the reference."""
    while "$ref" in schema:
        beside = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
        schema = {**definitions[schema["$ref"].removeprefix(_REFERENCE)], **beside}
    return schema


def cases(schema: Subschema, definitions: Mapping[str, Schema]) -> list[Case]:
    """All that a schema allows, one type or one value at a time."""
    return list(_cases(schema, definitions, frozenset()))


def _cases(schema: Subschema, definitions: Mapping[str, Schema], within: frozenset[str]) -> Iterator[Case]:
    if isinstance(schema, bool):
        schema = {"type": list(_ANY) if schema else []}
    if schema.get("$ref") in within:
        return
    if "$ref" in schema:
        within |= {schema["$ref"]}
        schema = resolved(schema, definitions)
    if "anyOf" in schema:
        for choice in schema["anyOf"]:
            yield from _cases(choice, definitions, within)
        return
    types = schema.get("type", _ANY)
    types = types if isinstance(types, list | tuple) else [types]
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if values is not None:
        singles = (Case(type_of(value), schema, (value,)) for value in values)
        yield from (one for one in singles if any(one.fits_type_of(Case(kind, {})) for kind in types))
        return
    for kind in types:
        alone: tuple[Any, ...] = {"null": (None,), "boolean": (False, True)}.get(kind, ())
        yield from (Case(kind, schema, (value,)) for value in alone)
        if not alone:
            yield Case(kind, schema)


def type_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def fields_below(schema: Schema) -> Iterator[tuple[Path, Subschema]]:
    """The schemas directly within one, with the step that leads there; a choice is at the same place."""
    for name, field in schema.get("properties", {}).items():
        yield (name,), field
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            yield (ITEM,), schema[keyword]
    for choice in schema.get("anyOf", ()):
        yield (), choice


def unjudged(schema: Schema) -> list[tuple[Path, str]]:
    """The keywords that are not of the subset, or not as they should be, each with its place."""
    return list(_unjudged(schema, definitions_of(schema), (), frozenset()))


def _unjudged(
    schema: Subschema, definitions: Mapping[str, Schema], path: Path, within: frozenset[str]
) -> Iterator[tuple[Path, str]]:
    if isinstance(schema, bool):
        return
    said = schema.keys() - ANNOTATIONS
    wrong = sorted(one for one in said if one not in _WELL_FORMED or not _WELL_FORMED[one](schema[one]))
    # Beside a reference or a choice, a constraint would hold as well as what is referred to: models give none.
    for whole in ("$ref", "anyOf"):
        if whole in schema:
            wrong += sorted(said - {whole, "default"} - set(wrong))
    # A field that must be there and is declared nowhere would be neither written nor known.
    if not wrong and {*schema.get("required", ())} - {*schema.get("properties", ())}:
        wrong.append("required")
    yield from ((path, keyword) for keyword in wrong)
    if wrong:
        return
    if "$ref" in schema:
        yield from _unjudged_reference(schema["$ref"], definitions, path, within)
    for step, field in fields_below(schema):
        yield from _unjudged(field, definitions, (*path, *step), within)


def _unjudged_reference(
    reference: str, definitions: Mapping[str, Schema], path: Path, within: frozenset[str]
) -> Iterator[tuple[Path, str]]:
    target = definitions.get(reference.removeprefix(_REFERENCE))
    seen = {reference}
    while isinstance(target, dict) and "$ref" in target and target["$ref"] not in seen:
        seen.add(target["$ref"])
        target = definitions.get(str(target["$ref"]).removeprefix(_REFERENCE))
    if not reference.startswith(_REFERENCE) or not isinstance(target, dict) or target.get("$ref") in seen:
        yield path, "$ref"
    elif reference not in within:
        yield from _unjudged(target, definitions, path, within | seen)
