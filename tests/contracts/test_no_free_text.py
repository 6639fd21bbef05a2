"""The contract check: the journal has no field into which a name, an address or a sentence could be written."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from infoparquet_contracts.codes import Kind
from infoparquet_contracts.free_text import free_text, unbounded_numbers
from infoparquet_contracts.identifiers import CommuneCode, Uuid
from infoparquet_contracts.payload import Frozen, Payload
from infoparquet_contracts.registry import MODELS
from pydantic import Field, StringConstraints, create_model

Schema = dict[str, Any]


def open_fields(model: type[Frozen]) -> list[str]:
    """Where a model would take free text, or a number without bounds."""
    schema = model.model_json_schema(by_alias=True)
    return ["/".join(path) for path in (*free_text(schema), *unbounded_numbers(schema))]


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
    assert {place.removesuffix("/*") for place in open_fields(a_model(free))} == {"words"}


@pytest.mark.parametrize(
    "pattern",
    [
        ".*",
        "^.+$",
        "^.{1,80}$",
        "^.{10}$",
        r"^\w+$",
        r"^\S{1,20}$",
        "^[A-Za-zÀ-ÿ]+$",
        "^[a-zà-ÿ]{2,}$",
        "^[A-Z][a-zé ’-]{2,30}",
        "^[A-Za-z0-9 ',.-]{1,99}$",
        "[0-9]",
        "^[0-9]{2}",
        "^note:.*$",
        "^[^@]{200,}$",
        "^[α-ωΑ-Ω ]+$",
        r"^[a-z\u00e9]+$",
        "^(?!X)",
        "(",
    ],
)
def test_a_pattern_that_takes_a_name_or_a_sentence_closes_nothing(pattern: str) -> None:
    assert free_text({"type": "string", "pattern": pattern, "maxLength": 80}) == [()]


@pytest.mark.parametrize("written", [{"format": "email"}, {"format": "uri"}, {"format": "hostname"}], ids=str)
def test_a_format_that_leaves_room_for_words_closes_nothing(written: Schema) -> None:
    assert free_text({"type": "string", **written}) == [()]


def test_a_schema_that_says_no_type_may_be_anything() -> None:
    anything: list[Schema] = [{}, {"type": "object"}, {"type": "array"}, {"type": ["null", "string"]}]
    assert [free_text(schema) for schema in anything] == [[()]] * 4
    assert free_text({"type": "object", "properties": {"a": True}}) == [("a",)]


def test_a_schema_that_refers_to_itself_is_looked_through_to_its_end() -> None:
    node = {"properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/Node"}}, "type": "object"}
    assert free_text({"$defs": {"Node": node}, "$ref": "#/$defs/Node"}) == [("name",)]


def test_the_check_looks_into_the_values_within_a_model() -> None:
    inner = create_model("Person", __base__=Frozen, name=(str, ...))
    assert open_fields(create_model("Leaky", __base__=Frozen, people=(tuple[inner, ...], ...))) == ["people/*/name"]


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
