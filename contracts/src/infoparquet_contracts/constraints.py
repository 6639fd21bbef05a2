"""The constraints of strings, numbers and arrays: whether one side's are within the other's. Pure."""

import json
import re
from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor, inf
from typing import Any

from .subset import Case, Schema, type_of

Bound = tuple[float, bool]


def narrower(writer: Case, reader: Case) -> Iterator[tuple[str, bool]]:
    """The keywords by which the reader takes less; True where the writer has the keyword too and cannot be compared."""
    one, other = writer.schema, reader.schema
    match writer.type:
        case "string":
            yield from _counts(one, other, "minLength", "maxLength")
            for keyword in ("pattern", "format"):
                if keyword in other and one.get(keyword) != other[keyword]:
                    yield keyword, keyword in one
        case "array":
            yield from _counts(one, other, "minItems", "maxItems")
            if other.get("uniqueItems") and not one.get("uniqueItems") and one.get("maxItems", inf) > 1:
                yield "uniqueItems", False
        case "integer" | "number":
            yield from _numbers(one, other, whole=writer.type == "integer")


def accepts(reader: Case, value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether a single value is read; one that cannot be judged is not."""
    if not Case(type_of(value), {}).fits_type_of(reader):
        return False
    rules = reader.schema
    if reader.is_value and json.dumps(reader.value, sort_keys=True) != json.dumps(value, sort_keys=True):
        return False
    match type_of(value):
        case "string":
            long_enough = rules.get("minLength", 0) <= len(value) <= rules.get("maxLength", inf)
            return long_enough and "format" not in rules and _matches(rules.get("pattern"), value)
        case "integer" | "number":
            # Nought is a multiple of any step.
            exactly = {"minimum": value, "maximum": value} | ({"multipleOf": abs(value)} if value else {})
            steps = rules if value else {keyword: rules[keyword] for keyword in rules.keys() - {"multipleOf"}}
            return not any(_numbers(exactly, steps, whole=False))
        case "array" | "object":
            return reader.is_value
        case _:
            return True


def _matches(pattern: str | None, value: str) -> bool:
    try:
        return pattern is None or re.search(pattern, value) is not None
    except re.error:
        return False


def _counts(one: Schema, other: Schema, least: str, most: str) -> Iterator[tuple[str, bool]]:
    if one.get(least, 0) < other.get(least, 0):
        yield least, False
    if one.get(most, inf) > other.get(most, inf):
        yield most, False


def _numbers(one: Schema, other: Schema, *, whole: bool) -> Iterator[tuple[str, bool]]:
    if _low(one, whole=whole) < _low(other, whole=whole):
        yield "minimum" if "minimum" in other else "exclusiveMinimum", False
    if _low(_mirrored(one), whole=whole) < _low(_mirrored(other), whole=whole):
        yield "maximum" if "maximum" in other else "exclusiveMaximum", False
    if "multipleOf" in other:
        step = one.get("multipleOf", 1 if whole else None)
        if step is None or (Fraction(str(step)) / Fraction(str(other["multipleOf"]))).denominator != 1:
            yield "multipleOf", "multipleOf" in one


def _low(schema: Schema, *, whole: bool) -> Bound:
    """The least number that is allowed; with True it is itself not allowed."""
    least, above = schema.get("minimum", -inf), schema.get("exclusiveMinimum", -inf)
    if whole:
        least, above = _up(least), floor(above) + 1 if above > -inf else above
        return max(least, above), False
    return max((least, False), (above, above > -inf))


def _up(number: float) -> float:
    return ceil(number) if number > -inf else number


def _mirrored(schema: Schema) -> Schema:
    """Below zero, what was above: the greatest number becomes the least."""
    pairs = (("maximum", "minimum"), ("exclusiveMaximum", "exclusiveMinimum"))
    return {least: -schema[most] for most, least in pairs if most in schema}
