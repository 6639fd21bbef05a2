"""What a writer of one JSON Schema may write that a reader of another refuses: compatibility, one way. Pure.

A writer writes only what its schema declares. The reader of an open object ignores the names that it does not know,
that of a closed one (`additionalProperties: false`) refuses them, and that of a map (`additionalProperties: {…}`)
checks them. An object without `properties` is a map of anything. What `subset.py` does not know is always refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from .constraints import accepts, narrower
from .subset import ANNOTATIONS, ITEM, Case, Path, Schema, Subschema, cases, definitions_of, resolved, unjudged

ABSENT: Final = "absent"
# One object, since a comparison of anything with anything must find itself again.
_ANYTHING: Final[Schema] = {}


class Fault(StrEnum):
    """What the reader minds."""

    LACKING = "lacking"  # it requires a field that the writer does not have
    OPTIONAL = "optional"  # it requires a field that the writer may leave out
    UNKNOWN = "unknown"  # it is closed, and the writer has a field more
    RENAMED = "renamed"  # the same field has another name: `written` and `read` are the two
    CLOSED = "closed"  # it refuses or checks what the writer was told would be ignored
    TYPE = "type"
    VALUES = "values"  # it knows fewer values
    NARROWER = "narrower"
    PATTERN = "pattern"  # it has another pattern, or another format
    DEFAULT = "default"  # it takes something else for a field that is left out
    KEYWORD = "keyword"  # a keyword that is not judged


@dataclass(frozen=True, slots=True)
class Refusal:
    """`path` leads to the field, `*` standing for every item; `written` and `read` are what either schema says."""

    fault: Fault
    path: Path
    written: Any
    read: Any


def refusals(writer: Schema, reader: Schema) -> list[Refusal]:
    """Empty only where whatever a writer may write is read."""
    unknown = [
        *(Refusal(Fault.KEYWORD, path, keyword, ABSENT) for path, keyword in unjudged(writer)),
        *(Refusal(Fault.KEYWORD, path, ABSENT, keyword) for path, keyword in unjudged(reader)),
    ]
    return unknown or list(_Reading(definitions_of(writer), definitions_of(reader)).anything(writer, reader, ()))


class _Reading:
    """One reading of all that the writer may write. A pair of schemas that is being compared is taken to fit."""

    def __init__(self, written: Mapping[str, Schema], read: Mapping[str, Schema]) -> None:
        self._written = written
        self._read = read
        self._open: set[tuple[int, int]] = set()

    def anything(self, writer: Subschema, reader: Subschema, path: Path) -> Iterator[Refusal]:
        pair = (id(writer), id(reader))
        if pair in self._open:
            return
        self._open.add(pair)
        yield from self._cases(cases(writer, self._written), cases(reader, self._read), path)
        self._open.discard(pair)

    def _cases(self, written: Sequence[Case], read: Sequence[Case], path: Path) -> Iterator[Refusal]:
        """Each case of the writer must be one of the reader's."""
        strange = [case for case in written if not any(case.fits_type_of(other) for other in read)]
        if strange:
            alike = any(one.overlaps_type_of(other) for one in written for other in read)
            yield Refusal(Fault.NARROWER if alike else Fault.TYPE, path, _types(written), _types(read))
        known = [case for case in written if case not in strange]
        yield from self._values([case for case in known if case.is_value], read, path)
        for case in known:
            if not case.is_value:
                yield from self._case(case, [other for other in read if case.fits_type_of(other)], path)

    def _values(self, written: Sequence[Case], read: Sequence[Case], path: Path) -> Iterator[Refusal]:
        refused = [case for case in written if not any(accepts(other, case.value) for other in read)]
        if not refused:
            return
        rules = [other for other in read if not other.is_value and refused[0].fits_type_of(other)]
        if rules:
            yield Refusal(Fault.NARROWER, path, {"enum": _shown(written)}, _bare(rules[0].schema))
        else:
            yield Refusal(Fault.VALUES, path, {"enum": _shown(written)}, {"enum": _shown(read)})

    def _case(self, case: Case, read: Sequence[Case], path: Path) -> Iterator[Refusal]:
        rules = [other for other in read if not other.is_value]
        if not rules:
            yield Refusal(Fault.NARROWER, path, {"type": case.type}, {"enum": _shown(read)})
            return
        yield from min((list(self._rule(case, other, path)) for other in rules), key=len)

    def _rule(self, case: Case, other: Case, path: Path) -> Iterator[Refusal]:
        writer, reader = case.schema, other.schema
        for keyword, changed in narrower(case, other):
            fault = Fault.PATTERN if changed else Fault.NARROWER
            yield Refusal(fault, path, _of(writer, keyword), _of(reader, keyword))
        if case.type == "array" and writer.get("maxItems") != 0:
            yield from self.anything(writer.get("items", True), reader.get("items", True), (*path, ITEM))
        if case.type == "object":
            yield from self._object(writer, reader, path)

    def _object(self, writer: Schema, reader: Schema, path: Path) -> Iterator[Refusal]:
        written, read = writer.get("properties", {}), reader.get("properties", {})
        renamed = self._renamed(written, read)
        for old, new in renamed.items():
            yield Refusal(Fault.RENAMED, path, old, new)
        for name in written:
            if name in read:
                yield from self._field(name, writer, reader, path)
            elif name not in renamed:
                yield from self._unknown(name, writer, reader, path)
        yield from self._beyond(writer, reader, path)
        for name in reader.get("required", ()):
            if name not in writer.get("required", ()) and name not in renamed.values():
                had = name in written or isinstance(_beyond(writer), dict)
                fault, was = (Fault.OPTIONAL, "optional") if had else (Fault.LACKING, ABSENT)
                yield Refusal(fault, (*path, name), was, "required")

    def _field(self, name: str, writer: Schema, reader: Schema, path: Path) -> Iterator[Refusal]:
        written, read = writer["properties"][name], reader["properties"][name]
        yield from self.anything(written, read, (*path, name))
        if name not in writer.get("required", ()) and name not in reader.get("required", ()):
            was, now = (_default(written, self._written), _default(read, self._read))
            if was != now:
                yield Refusal(Fault.DEFAULT, (*path, name), was, now)

    def _unknown(self, name: str, writer: Schema, reader: Schema, path: Path) -> Iterator[Refusal]:
        beyond = _beyond(reader)
        if beyond is False:
            told = "required" if name in writer.get("required", ()) else "optional"
            yield Refusal(Fault.UNKNOWN, (*path, name), told, ABSENT)
        elif beyond is not True:
            yield from self.anything(writer["properties"][name], beyond, (*path, name))

    def _beyond(self, writer: Schema, reader: Schema, path: Path) -> Iterator[Refusal]:
        """What is not declared by its name."""
        written, read = _beyond(writer), _beyond(reader)
        if isinstance(written, dict):
            for name in reader.get("properties", {}).keys() - writer.get("properties", {}).keys():
                yield from self.anything(written, reader["properties"][name], (*path, name))
            if isinstance(read, dict):
                yield from self.anything(written, read, (*path, ITEM))
        if written is not False and (read is False or (written is True and read not in (True, {}))):
            yield Refusal(Fault.CLOSED, path, _of(writer, "additionalProperties"), _of(reader, "additionalProperties"))

    def _renamed(self, written: Mapping[str, Subschema], read: Mapping[str, Subschema]) -> dict[str, str]:
        """Fields that differ by their name alone, where there is no doubt which is which."""
        gone, new = ([name for name in one if name not in other] for one, other in ((written, read), (read, written)))
        twins = {old: [name for name in new if self._same(written[old], read[name])] for old in gone}
        claimed = [name for names in twins.values() for name in names]
        return {old: names[0] for old, names in twins.items() if len(names) == 1 and claimed.count(names[0]) == 1}

    def _same(self, written: Any, read: Any) -> bool:  # noqa: ANN401 - any part of a schema
        """Whether two schemas say the same, whatever they are called."""
        if isinstance(written, dict) and isinstance(read, dict):
            pair = (id(written), id(read))
            if pair in self._open:
                return True
            self._open.add(pair)
            one, other = (_bare(resolved(*side)) for side in ((written, self._written), (read, self._read)))
            same = one.keys() == other.keys() and all(self._same(one[key], other[key]) for key in one)
            self._open.discard(pair)
            return same
        if isinstance(written, list) and isinstance(read, list):
            return len(written) == len(read) and all(map(self._same, written, read))
        return bool(written == read)


def _beyond(schema: Schema) -> Subschema:
    """What an object takes besides its fields: True where it ignores it, False where it refuses it, else the rule."""
    beyond: Subschema = schema.get("additionalProperties", True)
    return _ANYTHING if beyond is True and "properties" not in schema else beyond


def _default(schema: Subschema, definitions: Mapping[str, Schema]) -> Any:  # noqa: ANN401 - any value
    return _of({} if isinstance(schema, bool) else resolved(schema, definitions), "default")


def _bare(schema: Schema) -> Schema:
    return {keyword: value for keyword, value in schema.items() if keyword not in ANNOTATIONS}


def _of(schema: Schema, keyword: str) -> Any:  # noqa: ANN401 - any value
    return {keyword: schema[keyword]} if keyword in schema else ABSENT


def _types(several: Sequence[Case]) -> Schema:
    types = list(dict.fromkeys(case.type for case in several))
    return {"type": types[0] if len(types) == 1 else types}


def _shown(several: Sequence[Case]) -> list[Any]:
    return [case.value for case in several if case.is_value]
