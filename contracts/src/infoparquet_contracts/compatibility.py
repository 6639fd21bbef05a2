"""Whether a schema that changed still fits one that was released: both ways, since old and new programs run together.

Backward: the reader of now takes what was written by the released schema, as the journal is kept for ever. Forward: the
reader of then takes what is written now, as courts renew their programs when they can. `refusals.py` says what open and
closed objects mean by it; besides, an object that was open may not close, for whoever writes it was told that it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from .refusals import Fault, Refusal, refusals
from .subset import Path, Schema


class Direction(StrEnum):
    BACKWARD = "backward"
    FORWARD = "forward"


class Rupture(StrEnum):
    """What kind of break it is."""

    FIELD_REMOVED = "field-removed"
    FIELD_RENAMED = "field-renamed"
    FIELD_REQUIRED = "field-required"
    FIELD_OPTIONAL = "field-optional"
    FIELD_ADDED = "field-added"
    REQUIRED_FIELD_ADDED = "required-field-added"
    TYPE_CHANGED = "type-changed"
    ENUM_CUT = "enum-cut"
    ENUM_WIDENED = "enum-widened"
    NARROWED = "narrowed"
    WIDENED = "widened"
    PATTERN_CHANGED = "pattern-changed"
    DEFAULT_CHANGED = "default-changed"
    CLOSED = "closed"
    UNSUPPORTED_KEYWORD = "unsupported-keyword"


@dataclass(frozen=True, slots=True)
class Break:
    """`path` leads to the field by its released name; `was` and `now` are what the two schemas say of it."""

    kind: Rupture
    direction: Direction
    path: Path
    was: Any
    now: Any


_BOTH = {
    Fault.RENAMED: Rupture.FIELD_RENAMED,
    Fault.TYPE: Rupture.TYPE_CHANGED,
    Fault.PATTERN: Rupture.PATTERN_CHANGED,
    Fault.DEFAULT: Rupture.DEFAULT_CHANGED,
    Fault.KEYWORD: Rupture.UNSUPPORTED_KEYWORD,
}
_KINDS: Mapping[Direction, Mapping[Fault, Rupture]] = MappingProxyType(
    {
        Direction.BACKWARD: {
            **_BOTH,
            Fault.LACKING: Rupture.REQUIRED_FIELD_ADDED,
            Fault.OPTIONAL: Rupture.FIELD_REQUIRED,
            Fault.UNKNOWN: Rupture.FIELD_REMOVED,
            Fault.CLOSED: Rupture.CLOSED,
            Fault.VALUES: Rupture.ENUM_CUT,
            Fault.NARROWER: Rupture.NARROWED,
        },
        # Without `closed`: an object that opens is written as before until a field is added, which is told then.
        Direction.FORWARD: {
            **_BOTH,
            Fault.LACKING: Rupture.FIELD_REMOVED,
            Fault.OPTIONAL: Rupture.FIELD_OPTIONAL,
            Fault.UNKNOWN: Rupture.FIELD_ADDED,
            Fault.VALUES: Rupture.ENUM_WIDENED,
            Fault.NARROWER: Rupture.WIDENED,
        },
    }
)


def breaks(released: Schema, now: Schema) -> list[Break]:
    """Every way in which a program that knows one of the two would refuse, or misread, what the other writes."""
    backward = (_named(one, Direction.BACKWARD) for one in refusals(released, now))
    forward = (_named(one, Direction.FORWARD) for one in refusals(now, released))
    return [one for several in (*backward, *forward) for one in several]


def _named(refusal: Refusal, direction: Direction) -> Iterator[Break]:
    kind = _KINDS[direction].get(refusal.fault)
    if kind is None:
        return
    was, now = refusal.written, refusal.read
    if direction is Direction.FORWARD:
        was, now = now, was
    path = (*refusal.path, was) if refusal.fault is Fault.RENAMED else refusal.path
    yield Break(kind, direction, path, was, now)
