"""Every way in which a schema may change, for objects open and closed: what it breaks, and in which direction."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from infoparquet_contracts.compatibility import Direction, breaks
from infoparquet_contracts.meanings import changes
from infoparquet_contracts.refusals import refusals
from infoparquet_contracts.registry import MODELS
from infoparquet_contracts.schemas import schema_of
from jsonschema import Draft202012Validator

from tests.contracts.random_schemas import schemas, values_of, variants

Schema = dict[str, Any]
BACKWARD, FORWARD = "backward", "forward"
CODE = {"type": "string", "pattern": "^[a-z]{2}$"}
NUMBER = {"type": "integer", "minimum": 0, "maximum": 9}
KINDS = {"type": "string", "enum": ["one", "two"]}
NULL = {"type": "null"}


def an_object(required: dict[str, Any], optional: dict[str, Any] | None = None, **more: object) -> Schema:
    fields = {**required, **(optional or {})}
    return {"type": "object", "properties": fields, "required": list(required), **more}


def found(released: Schema, now: Schema) -> set[tuple[str, str, str]]:
    return {(one.kind.value, one.direction.value, "/".join(one.path)) for one in breaks(released, now)}


HAS = an_object({"kept": CODE})
WITH_REQUIRED = an_object({"kept": CODE, "field": NUMBER})
WITH_DEFAULT = an_object({"kept": CODE, "field": {**NUMBER, "default": 0}})
WITH_OPTIONAL = an_object({"kept": CODE}, {"field": NUMBER})
A_LENGTH = {"type": "string", "maxLength": 8}
SHORTER = {"type": "string", "maxLength": 5}

# released, now, what it breaks where the objects are open, and what it breaks besides where they are closed.
#
# Known registries are wrong on some of them. They compare the sets of documents that two schemas admit: an open object
# admits anything under a name that it does not declare, so Confluent's strict policy and Apicurio refuse an optional
# field that is added to one (OPEN), the most harmless change there is, and forward one that is removed. Confluent's
# lenient policy let a required field be added to an open object until 2026 (LENIENT, confluentinc/schema-registry pull
# request 4292), and still lets an optional one be taken from a closed object, which then refuses every record that has
# it. Its policies take a required field with a default for an optional one (DEFAULT), though no validator fills it in.
ROWS = {
    "add an optional field (OPEN)": (HAS, WITH_OPTIONAL, [], [("field-added", FORWARD)]),
    "add a required field (LENIENT)": (
        HAS,
        WITH_REQUIRED,
        [("required-field-added", BACKWARD)],
        [("field-added", FORWARD)],
    ),
    "add a required field with a default (DEFAULT)": (
        HAS,
        WITH_DEFAULT,
        [("required-field-added", BACKWARD)],
        [("field-added", FORWARD)],
    ),
    "remove an optional field (OPEN, LENIENT)": (WITH_OPTIONAL, HAS, [], [("field-removed", BACKWARD)]),
    "remove a required field": (WITH_REQUIRED, HAS, [("field-removed", FORWARD)], [("field-removed", BACKWARD)]),
    "remove a required field with a default (DEFAULT)": (
        WITH_DEFAULT,
        HAS,
        [("field-removed", FORWARD)],
        [("field-removed", BACKWARD)],
    ),
    "require an optional field": (WITH_OPTIONAL, WITH_REQUIRED, [("field-required", BACKWARD)], []),
    "require an optional field, with a default (DEFAULT)": (
        WITH_OPTIONAL,
        WITH_DEFAULT,
        [("field-required", BACKWARD)],
        [],
    ),
    "make a required field optional": (WITH_REQUIRED, WITH_OPTIONAL, [("field-optional", FORWARD)], []),
    "make a required field with a default optional (DEFAULT)": (
        WITH_DEFAULT,
        WITH_OPTIONAL,
        [("field-optional", FORWARD)],
        [],
    ),
    "give a required field a default": (WITH_REQUIRED, WITH_DEFAULT, [], []),
    "rename a required field": (
        WITH_REQUIRED,
        an_object({"kept": CODE, "other": NUMBER}),
        [("field-renamed", BACKWARD), ("field-renamed", FORWARD)],
        [],
    ),
    "rename an optional field": (
        WITH_OPTIONAL,
        an_object({"kept": CODE}, {"other": NUMBER}),
        [("field-renamed", BACKWARD), ("field-renamed", FORWARD)],
        [],
    ),
}

# Of the field alone: what it was, what it is, what breaks, whether the object is open or closed.
CHANGES = {
    "cut an enum": (KINDS, {**KINDS, "enum": ["one"]}, [("enum-cut", BACKWARD)]),
    "widen an enum": (KINDS, {**KINDS, "enum": ["one", "two", "three"]}, [("enum-widened", FORWARD)]),
    "change an enum": (
        KINDS,
        {**KINDS, "enum": ["one", "three"]},
        [("enum-cut", BACKWARD), ("enum-widened", FORWARD)],
    ),
    "reorder an enum": (KINDS, {**KINDS, "enum": ["two", "one"]}, []),
    "limit a string to values": (A_LENGTH, KINDS, [("narrowed", BACKWARD)]),
    "free values into a string": (KINDS, A_LENGTH, [("widened", FORWARD)]),
    "shorten a string": (A_LENGTH, SHORTER, [("narrowed", BACKWARD)]),
    "lengthen a string": (SHORTER, A_LENGTH, [("widened", FORWARD)]),
    "give a string a pattern": (A_LENGTH, {**A_LENGTH, "pattern": "^a"}, [("narrowed", BACKWARD)]),
    "take a string's pattern": ({**A_LENGTH, "pattern": "^a"}, A_LENGTH, [("widened", FORWARD)]),
    "change a pattern": (
        CODE,
        {**CODE, "pattern": "^[a-z]{2,3}$"},
        [("pattern-changed", BACKWARD), ("pattern-changed", FORWARD)],
    ),
    "give a string a format": (A_LENGTH, {**A_LENGTH, "format": "date"}, [("narrowed", BACKWARD)]),
    "raise a minimum": (NUMBER, {**NUMBER, "minimum": 1}, [("narrowed", BACKWARD)]),
    "raise a maximum": (NUMBER, {**NUMBER, "maximum": 10}, [("widened", FORWARD)]),
    "say a minimum otherwise": (NUMBER, {"type": "integer", "exclusiveMinimum": -1, "maximum": 9}, []),
    "ask for even numbers": (NUMBER, {**NUMBER, "multipleOf": 2}, [("narrowed", BACKWARD)]),
    "take any number": (NUMBER, {**NUMBER, "type": "number"}, [("widened", FORWARD)]),
    "take whole numbers alone": ({**NUMBER, "type": "number"}, NUMBER, [("narrowed", BACKWARD)]),
    "change a type": (NUMBER, CODE, [("type-changed", BACKWARD), ("type-changed", FORWARD)]),
    "allow null": (CODE, {"anyOf": [CODE, NULL]}, [("widened", FORWARD)]),
    "forbid null": ({"anyOf": [CODE, NULL]}, CODE, [("narrowed", BACKWARD)]),
    "say null otherwise": ({"anyOf": [A_LENGTH, NULL]}, {**A_LENGTH, "type": ["string", "null"]}, []),
    "a constant for a single value": ({"const": "one"}, {"type": "string", "enum": ["one"]}, []),
    "ask for an item": (
        {"type": "array", "items": CODE},
        {"type": "array", "items": CODE, "minItems": 1},
        [("narrowed", BACKWARD)],
    ),
    "take several of the same": (
        {"type": "array", "items": CODE, "uniqueItems": True},
        {"type": "array", "items": CODE},
        [("widened", FORWARD)],
    ),
    "ask a single item to be unique": (
        {"type": "array", "items": CODE, "maxItems": 1},
        {"type": "array", "items": CODE, "maxItems": 1, "uniqueItems": True},
        [],
    ),
    "free a value into a format": (
        {"enum": ["2026-11-25"]},
        {"type": "string", "format": "date"},
        [("narrowed", BACKWARD), ("widened", FORWARD)],
    ),
    "free nought into even numbers": ({"const": 0}, {**NUMBER, "multipleOf": 2}, [("widened", FORWARD)]),
    "drop a value that the type forbids": ({**KINDS, "enum": ["one", 1]}, {**KINDS, "enum": ["one"]}, []),
    "make a map of a type": (
        {"type": "object", "additionalProperties": CODE},
        {"type": "object", "additionalProperties": NUMBER},
        [("type-changed", BACKWARD), ("type-changed", FORWARD)],
    ),
    "a keyword that is not judged": (
        CODE,
        {**CODE, "not": {"const": "aa"}},
        [("unsupported-keyword", BACKWARD), ("unsupported-keyword", FORWARD)],
    ),
}


def closed(schema: Schema) -> Schema:
    return {**schema, "additionalProperties": False}


@pytest.mark.parametrize("name", ROWS)
def test_a_change_of_an_open_object_breaks_what_the_table_says(name: str) -> None:
    released, now, broken, _ = ROWS[name]
    assert {one[:2] for one in found(released, now)} == {*broken}


@pytest.mark.parametrize("name", ROWS)
def test_a_change_of_a_closed_object_breaks_that_and_more(name: str) -> None:
    released, now, broken, more = ROWS[name]
    assert {one[:2] for one in found(closed(released), closed(now))} == {*broken, *more}


@pytest.mark.parametrize("shape", [dict, closed], ids=["open", "closed"])
@pytest.mark.parametrize("required", [True, False], ids=["required", "optional"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_a_field_breaks_the_same_wherever_it_is(name: str, required: bool, shape: Any) -> None:
    was, now, broken = CHANGES[name]
    released, changed = ({"field": one} if required else {} for one in (was, now))
    optional = ({} if required else {"field": one} for one in (was, now))
    before, after = (shape(an_object(one, other)) for one, other in zip((released, changed), optional, strict=True))
    place = "field/*" if name == "make a map of a type" else "field"
    expected = {(kind, direction, place) for kind, direction in broken}
    assert found(before, after) == expected


def test_removing_a_field_names_its_whole_path() -> None:
    before, after = ({"type": "array", "items": one} for one in (WITH_REQUIRED, HAS))
    assert found(an_object({"several": before}), an_object({"several": after})) == {
        ("field-removed", FORWARD, "several/*/field")
    }


def test_a_renamed_field_is_told_by_both_its_names() -> None:
    first, second = breaks(WITH_REQUIRED, an_object({"kept": CODE, "other": NUMBER}))
    assert {first.path, second.path} == {("field",)}
    assert {(one.was, one.now) for one in (first, second)} == {("field", "other")}
    assert {first.direction, second.direction} == {Direction.BACKWARD, Direction.FORWARD}


def test_a_rename_that_is_in_doubt_is_a_removal_and_an_addition() -> None:
    now = an_object({"kept": CODE, "one": NUMBER, "other": NUMBER})
    assert {kind for kind, *_ in found(WITH_REQUIRED, now)} == {"field-removed", "required-field-added"}


@pytest.mark.parametrize(
    ("was", "now"), [({"default": 1}, {"default": 2}), ({"default": 1}, {}), ({}, {"default": None})], ids=str
)
def test_another_default_of_a_field_that_may_be_left_out_breaks_both_ways(was: Schema, now: Schema) -> None:
    before, after = (an_object({}, {"field": {**NUMBER, **one}}) for one in (was, now))
    both = {("default-changed", BACKWARD, "field"), ("default-changed", FORWARD, "field")}
    assert found(before, after) == both
    assert found(*(an_object({"field": one["properties"]["field"]}) for one in (before, after))) == set()


def test_an_object_may_open_and_never_close() -> None:
    assert found(HAS, closed(HAS)) == {("closed", BACKWARD, "")}
    assert found(closed(HAS), HAS) == set()
    assert found(HAS, {**HAS, "additionalProperties": CODE}) == {("closed", BACKWARD, "")}


def test_a_field_added_as_the_object_opens_still_breaks_those_that_knew_it_closed() -> None:
    assert found(closed(HAS), WITH_OPTIONAL) == {("field-added", FORWARD, "field")}


def test_a_map_checks_a_field_that_it_does_not_name() -> None:
    a_map = {"type": "object", "properties": {}, "additionalProperties": CODE}
    assert ("type-changed", BACKWARD, "field") in found(WITH_OPTIONAL, a_map)
    assert found(a_map, a_map) == set()


NODE: Schema = {
    "$defs": {"Node": an_object({"code": CODE}, {"next": {"$ref": "#/$defs/Node"}})},
    "$ref": "#/$defs/Node",
}


def test_a_schema_that_refers_to_itself_is_compared_to_its_end() -> None:
    narrower = {**NODE, "$defs": {"Node": an_object({"code": KINDS}, {"next": {"$ref": "#/$defs/Node"}})}}
    assert found(NODE, NODE) == set()
    assert ("narrowed", BACKWARD, "code") in found(NODE, narrower)
    nothing = {"$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, NULL]}}, "$ref": "#/$defs/A"}
    assert found(nothing, NULL) == set()
    assert found({}, {}) == set()


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "text"},
        {"properties": []},
        {"required": "field"},
        {"type": "object", "required": ["field"]},
        {"minLength": -1},
        {"$ref": "#/$defs/Missing"},
        {"$ref": "https://elsewhere.example/schema.json"},
        {"anyOf": [CODE], "maxLength": 2},
        {"oneOf": [CODE]},
        {"$defs": {"A": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"},
        {"type": "array", "prefixItems": [CODE]},
    ],
    ids=str,
)
def test_what_is_not_understood_is_refused_even_unchanged(odd: Schema) -> None:
    assert {kind for kind, *_ in found(odd, odd)} == {"unsupported-keyword"}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_no_event_breaks_itself(model: Any) -> None:
    schema = schema_of(model)
    assert breaks(schema, schema) == []
    assert changes(schema, schema) == []


def test_another_description_is_told_and_breaks_nothing() -> None:
    before, after = ({**WITH_OPTIONAL, "description": words} for words in ("The place.", "The seat."))
    assert breaks(before, after) == []
    assert [(one.what, one.path, one.was, one.now) for one in changes(before, after)] == [
        ("description", (), "The place.", "The seat.")
    ]


def test_only_a_removal_that_breaks_nothing_is_left_to_people() -> None:
    assert [(one.what, one.path) for one in changes(WITH_OPTIONAL, HAS)] == [("removed", ("field",))]
    assert changes(WITH_REQUIRED, HAS) == []


@given(schemas())
def test_a_schema_never_breaks_itself(schema: Schema) -> None:
    assert breaks(schema, schema) == []


@given(st.data(), schemas())
def test_what_a_writer_writes_is_read_wherever_no_refusal_was_found(data: st.DataObject, writer: Schema) -> None:
    reader = data.draw(variants(writer))
    value = data.draw(values_of(writer))
    if not Draft202012Validator(reader).is_valid(value):
        assert refusals(writer, reader), value
