"""Schemas of the subset drawn at random, near variants of them, and the values that a writer of one may write."""

from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]
Draw = st.DrawFn
NAMES = ("a", "b", "c", "d")
WORDS = ("x", "y", "z", 1, None)
PATTERNS = ("^[a-c]{0,4}$", "^[a-z]{2,3}$")


def schemas() -> st.SearchStrategy[Schema]:
    return st.recursive(_leaves(), lambda inner: _choices(inner) | _arrays(inner) | _objects(inner), max_leaves=6)


def _leaves() -> st.SearchStrategy[Schema]:
    bounds = st.integers(-3, 3)
    return st.one_of(
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"const": 1}]),
        st.builds(lambda values: {"enum": values}, st.lists(st.sampled_from(WORDS), min_size=1, unique_by=repr)),
        st.builds(lambda pattern: {"type": "string", "pattern": pattern}, st.sampled_from(PATTERNS)),
        st.builds(
            lambda low, more: _lengths("Length", low, more) | {"type": "string"}, st.integers(0, 3), st.integers(0, 3)
        ),
        st.builds(
            _numbers, st.sampled_from(["integer", "number"]), bounds, st.integers(1, 4), st.booleans(), st.booleans()
        ),
    )


def _lengths(of: str, low: int, more: int) -> Schema:
    return {f"min{of}": low, f"max{of}": low + more}


def _numbers(kind: str, low: int, more: int, above: bool, stepped: bool) -> Schema:
    least = {"exclusiveMinimum" if above else "minimum": low}
    return {"type": kind, **least, "maximum": low + more, **({"multipleOf": 1} if stepped else {})}


def _choices(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.builds(lambda choices: {"anyOf": choices}, st.lists(inner, min_size=1, max_size=3))


def _arrays(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    def built(items: Schema, low: int, more: int) -> Schema:
        return {"type": "array", "items": items, **_lengths("Items", low, more)}

    return st.builds(built, inner, st.integers(0, 2), st.integers(0, 2))


def _objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    def built(fields: Schema, required: list[str], beyond: bool | Schema | None) -> Schema:
        schema = {"type": "object", "properties": fields, "required": [name for name in required if name in fields]}
        return schema if beyond is None else {**schema, "additionalProperties": beyond}

    names = st.sampled_from(NAMES)
    beyond = st.one_of(st.none(), st.just(False), inner)
    return st.builds(built, st.dictionaries(names, inner, max_size=3), st.lists(names, unique=True), beyond)


@st.composite
def variants(draw: Draw, schema: Schema) -> Schema:
    """The same, with something changed here and there."""
    if draw(st.integers(0, 9)) == 0:
        return draw(schemas())
    if draw(st.integers(0, 4)) == 0:
        return {"anyOf": [schema, {"type": "null"}]}
    varied = dict(schema)
    for keyword in ("minimum", "exclusiveMinimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"):
        if keyword in varied:
            varied[keyword] = max(0, varied[keyword] + draw(st.integers(-1, 1)))
    if "enum" in varied:
        varied["enum"] = draw(st.lists(st.sampled_from(WORDS), min_size=1, unique_by=repr))
    if "items" in varied:
        varied["items"] = draw(variants(varied["items"]))
    if "anyOf" in varied:
        varied["anyOf"] = [draw(variants(choice)) for choice in varied["anyOf"]]
    return _varied_object(draw, varied) if "properties" in varied else varied


def _varied_object(draw: Draw, schema: Schema) -> Schema:
    fields: Schema = {name: draw(variants(field)) for name, field in schema["properties"].items()}
    if draw(st.booleans()) and fields:
        fields.pop(draw(st.sampled_from(sorted(fields))))
    if draw(st.booleans()):
        fields[draw(st.sampled_from(NAMES))] = draw(_leaves())
    required = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2)) + schema["required"]
    varied = {**schema, "properties": fields, "required": sorted({name for name in required if name in fields})}
    if draw(st.integers(0, 3)) == 0:
        varied.pop("additionalProperties", None)
    elif draw(st.integers(0, 3)) == 0:
        varied["additionalProperties"] = False
    return varied


def values_of(schema: Schema) -> st.SearchStrategy[Any]:
    """What a writer may write: of an object only what it declares."""
    if "anyOf" in schema:
        return st.one_of([values_of(choice) for choice in schema["anyOf"]])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    match schema["type"]:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "string" if "pattern" in schema:
            return st.from_regex(schema["pattern"].removeprefix("^").removesuffix("$"), fullmatch=True)
        case "string":
            return st.text("abcÉ", min_size=schema["minLength"], max_size=schema["maxLength"])
        case "array":
            return st.lists(values_of(schema["items"]), min_size=schema["minItems"], max_size=schema["maxItems"])
        case "object":
            return _objects_of(schema)
    return _numbers_of(schema)


def _numbers_of(schema: Schema) -> st.SearchStrategy[Any]:
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema["maximum"]
    whole = st.integers(low, high)
    drawn = whole if schema["type"] == "integer" or "multipleOf" in schema else whole | st.floats(low, high)
    return drawn.filter(lambda number: number > schema.get("exclusiveMinimum", number - 1))


def _objects_of(schema: Schema) -> st.SearchStrategy[Any]:
    fields = {name: values_of(field) for name, field in schema["properties"].items()}
    required = {name: values for name, values in fields.items() if name in schema["required"]}
    optional = {name: values for name, values in fields.items() if name not in required}
    declared = st.fixed_dictionaries(required, optional=optional)
    beyond = schema.get("additionalProperties", False)
    if not isinstance(beyond, dict):
        return declared
    others = [name for name in (*NAMES, "e") if name not in fields]
    more = st.dictionaries(st.sampled_from(others), values_of(beyond), max_size=2)
    return st.builds(lambda others, own: {**others, **own}, more, declared)
