"""What only people can judge of a change: another description is perhaps another meaning. No break by rule. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .subset import Path, Schema, Subschema, definitions_of, fields_below, resolved


@dataclass(frozen=True, slots=True)
class Change:
    """`what` is `title`, `description` or `removed` (of an optional field); the path of the type itself is empty."""

    what: str
    path: Path
    was: str
    now: str


def changes(released: Schema, now: Schema) -> list[Change]:
    """Both schemas are of the subset."""
    return list(dict.fromkeys(_Comparison(definitions_of(released), definitions_of(now)).of(released, now, ())))


class _Comparison:
    def __init__(self, released: Mapping[str, Schema], now: Mapping[str, Schema]) -> None:
        self._released = released
        self._now = now
        self._open: set[tuple[int, int]] = set()

    def of(self, released: Subschema, now: Subschema, path: Path) -> Iterator[Change]:
        pair = (id(released), id(now))
        if isinstance(released, bool) or isinstance(now, bool) or pair in self._open:
            return
        self._open.add(pair)
        one, other = resolved(released, self._released), resolved(now, self._now)
        for what in ("title", "description"):
            if one.get(what) != other.get(what):
                yield Change(what, path, str(one.get(what, "")), str(other.get(what, "")))
        for name in one.get("properties", {}).keys() - other.get("properties", {}).keys() - {*one.get("required", ())}:
            yield Change("removed", (*path, name), name, "")
        yield from self._below(one, other, path)
        self._open.discard(pair)

    def _below(self, released: Schema, now: Schema, path: Path) -> Iterator[Change]:
        """Fields by their names, choices by their order."""
        found = _by_step(now)
        for key, one in _by_step(released).items():
            if key in found:
                yield from self.of(one, found[key], (*path, *key[0]))


def _by_step(schema: Schema) -> dict[tuple[Path, int], Subschema]:
    return {(step, at if not step else 0): field for at, (step, field) in enumerate(fields_below(schema))}
