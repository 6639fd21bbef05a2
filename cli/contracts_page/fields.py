"""A JSON Schema as rows of a table: each field by its path, its content in French words, codes with their labels."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from infoparquet_contracts import codes
from infoparquet_contracts.french import field_says
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.schemas import schema_of

_FORMATS: Final = {"uuid": "identifiant (UUID)", "date": "jour", "date-time": "date et heure, en UTC"}
_TYPES: Final = {"string": "texte codé", "integer": "entier", "boolean": "oui ou non", "object": "objet"}


class Choice(NamedTuple):
    """A value that a field may have, and its label; "" where it needs none."""

    value: str
    label: str


class Field(NamedTuple):
    """`path` as in `places[].commune`; `limits` in words; `pattern` where `kind` does not say the form already."""

    path: str
    says: str
    kind: str
    limits: tuple[str, ...]
    pattern: str
    choices: tuple[Choice, ...]
    required: bool
    nullable: bool

    @property
    def depth(self) -> int:
        return self.path.count(".")


def fields_of(model: type[Payload]) -> tuple[Field, ...]:
    """Every field, a list's or an object's own before those in it."""
    schema = schema_of(model)
    return tuple(_fields(model, schema, schema.get("$defs", {}), ""))


def _fields(
    model: type[Payload], node: Mapping[str, Any], definitions: Mapping[str, Any], before: str
) -> Iterator[Field]:
    for name, declared in node.get("properties", {}).items():
        path, required = before + name, name in node.get("required", ())
        nullable, plain, code = _plain(declared, definitions)
        item, item_code = plain, code
        if plain.get("type") == "array":
            path += "[]"
            _, item, item_code = _plain(plain["items"], definitions)
        yield Field(
            path,
            field_says(model, path),
            _kind(plain, item),
            tuple(_limits(plain, item)),
            "" if "format" in item else item.get("pattern", ""),
            _choices(item, item_code),
            required,
            nullable,
        )
        yield from _fields(model, item, definitions, f"{path}.")


def _plain(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[bool, Mapping[str, Any], str]:
    """Whether null is allowed, the schema of anything else, and the name of its definition."""
    options = [one for one in node.get("anyOf", [node]) if one.get("type") != "null"]
    nullable = len(options) < len(node.get("anyOf", [node]))
    (option,) = options
    name = option.get("$ref", "").removeprefix("#/$defs/")
    return nullable, definitions[name] if name else option, name


def _kind(plain: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    word = "code" if "enum" in item else _FORMATS.get(item.get("format", "")) or _TYPES[item["type"]]
    return f"liste : {word}" if plain.get("type") == "array" else word


def _limits(plain: Mapping[str, Any], item: Mapping[str, Any]) -> Iterator[str]:
    if plain.get("minItems"):
        yield f"au moins {plain['minItems']}"
    if "maxItems" in plain:
        yield f"{plain['maxItems']} au plus"
    if "maxLength" in item:
        yield f"{item['maxLength']} caractères au plus"
    if "minimum" in item:
        yield f"de {item['minimum']} à {item['maximum']}"


def _choices(item: Mapping[str, Any], definition: str) -> tuple[Choice, ...]:
    labels = getattr(codes, definition, None) if definition else None
    values: Sequence[str] = item.get("enum", ())
    return tuple(Choice(value, labels(value).label if labels else "") for value in values)
