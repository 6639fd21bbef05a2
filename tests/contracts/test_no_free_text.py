"""The contract check: the journal has no field into which a name, an address or a sentence could be written."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from infoparquet_contracts.codes import Kind
from infoparquet_contracts.identifiers import CommuneCode, Uuid
from infoparquet_contracts.payload import Frozen, Payload
from infoparquet_contracts.registry import MODELS
from pydantic import Field, StringConstraints, create_model

Schema = dict[str, Any]
# Formats that leave no room for words; `email` or `uri` would.
CLOSED_FORMATS = {"uuid", "date", "date-time"}


def open_fields(model: type[Frozen]) -> list[str]:
    """Where a model would take free text: strings without enum, const, format or pattern, and values of any type."""
    schema = model.model_json_schema(by_alias=True)
    definitions = schema.pop("$defs", {})
    named = ((f"{model.__name__}/{name}", definition) for name, definition in definitions.items())
    return [place for where, part in ((model.__name__, schema), *named) for place in _open(part, where)]


def _open(schema: Schema, where: str) -> Iterator[str]:
    if "$ref" in schema or "enum" in schema or "const" in schema:
        return
    if "anyOf" in schema:
        for choice in schema["anyOf"]:
            yield from _open(choice, where)
        return
    match schema.get("type"):
        case "string" if "pattern" in schema or schema.get("format") in CLOSED_FORMATS:
            return
        case "integer" if "minimum" in schema and "maximum" in schema:
            return
        case "boolean" | "null":
            return
        case "array" if "items" in schema:
            yield from _open(schema["items"], where)
        case "object" if schema.get("additionalProperties") is False:
            for name, field in schema.get("properties", {}).items():
                yield from _open(field, f"{where}.{name}")
        case _:
            yield where


def strings_of(schema: object) -> Iterator[Schema]:
    if isinstance(schema, dict):
        if schema.get("type") == "string":
            yield schema
        for inner in schema.values():
            yield from strings_of(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from strings_of(inner)


def a_model(kind: object) -> type[Frozen]:
    fields: dict[str, Any] = {"words": (kind, ...)}
    return create_model("Leaky", __base__=Frozen, **fields)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_no_event_has_an_unconstrained_field(model: type[Payload]) -> None:
    assert open_fields(model) == []


@pytest.mark.parametrize(
    "free",
    [
        str,
        str | None,
        tuple[str, ...],
        Annotated[str, StringConstraints(max_length=5)],
        Annotated[str, Field(min_length=1, max_length=64)],
        dict[str, int],
        dict[CommuneCode, CommuneCode],
        Any,
        object,
        int,
        float,
        list[Any],
        tuple[CommuneCode | str, ...],
    ],
    ids=str,
)
def test_the_check_refuses_a_field_open_to_free_text(free: object) -> None:
    assert open_fields(a_model(free)) == ["Leaky.words"]


def test_the_check_looks_into_the_values_within_a_model() -> None:
    inner = create_model("Person", __base__=Frozen, name=(str, ...))
    assert open_fields(create_model("Leaky", __base__=Frozen, people=(tuple[inner, ...], ...))) == ["Leaky/Person.name"]


@pytest.mark.parametrize("closed", [Uuid, Uuid | None, CommuneCode, Kind, tuple[Kind, ...], bool], ids=str)
def test_the_check_lets_constrained_fields_pass(closed: object) -> None:
    assert open_fields(a_model(closed)) == []


@pytest.mark.parametrize(
    "personal",
    [
        "Jean Dupont",
        "Élodie Durand-Lefèvre",
        "DUPONT Jean",
        "MARTIN",
        "Martin",
        "jean.dupont@example.fr",
        "12 rue de la Paix, 33000 Bordeaux",
        "06 12 34 56 78",
        "né le 12/03/1970",
        "Le riverain se plaint d’une odeur.",
        "1 70 03 33 063 001 42",
    ],
)
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_people_and_words_match_no_pattern_but_that_of_the_reference(model: type[Payload], personal: str) -> None:
    schema = model.model_json_schema()
    schema.get("properties", {}).pop("reference", None)
    patterns = {text["pattern"] for text in strings_of(schema) if "pattern" in text}
    assert [pattern for pattern in patterns if re.fullmatch(pattern, personal)] == []
