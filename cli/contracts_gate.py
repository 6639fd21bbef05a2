"""Judges a tree's contracts by what was released: every break, with whom it would break and what to do about it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infoparquet_contracts.catalogue import Stream
from infoparquet_contracts.compatibility import Direction, Rupture, breaks
from infoparquet_contracts.free_text import free_text, unbounded_numbers
from infoparquet_contracts.meanings import changes
from infoparquet_contracts.refusals import ABSENT
from infoparquet_contracts.subset import Path, Schema, unjudged
from infoparquet_contracts.versions import version_of

from cli.contracts_history import FILE, Rewritten, digest_of, seals_of
from cli.contracts_readers import Code, everyone_of
from cli.contracts_reading import Consumer, Reading
from cli.contracts_releases import Reference, Release, order, releases_of
from cli.contracts_tree import Said, Tree, read_schemas


class OfTree(StrEnum):
    """Breaks of a tree as a whole."""

    TYPE_REMOVED = "type-removed"
    RELEASE_REWRITTEN = "release-rewritten"


@dataclass(frozen=True, slots=True)
class Found:
    """One break. No direction and no release where it is of the tree alone; `decoded_by` are all who take the type."""

    type: str
    version: int
    field: str
    kind: Rupture | OfTree
    direction: Direction | None
    released: str | None
    was: Any
    now: Any
    consumers: tuple[Consumer, ...] = ()
    decoded_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """What breaks nothing and is to be looked at: changed words, an optional field that is gone, a file that lags."""

    type: str
    field: str
    what: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`free_text` are the places that words could enter, as type and field."""

    against: tuple[str, ...]
    breaks: tuple[Found, ...]
    free_text: tuple[tuple[str, str], ...]
    to_confirm: tuple[Doubt, ...]

    @property
    def compatible(self) -> bool:
        return not self.breaks and not self.free_text


def judge(tree: Tree, reference: Reference, releasing: str | None = None) -> Verdict:
    """Each break once, under the oldest release that it breaks.

    A release that is being made may have its seal before its schemas.
    """
    said = {one.type: one for one in tree.said()}
    committed = read_schemas(tree.schemas)
    gate = _Gate(Reading(Code(tree)), said)
    found = [*_rewritten(tree, reference.kept), *_unsealed(tree, releasing), *_not_understood(said, reference)]
    doubts = list(_not_generated(said, committed)) if committed else []
    for release in reference.releases:
        for event_type, schema in release.schemas.items():
            for now in _versions(event_type, said, committed):
                found += gate.breaks(release, event_type, schema, now)
                # What was said otherwise in an earlier release was looked at when the later one was made.
                doubts += _doubts(event_type, schema, now) if release is reference.releases[-1] else ()
    doubts += [
        Doubt(one.type, pointer(path), "unbounded-number", "", "")
        for one in _judged(said)
        for path in unbounded_numbers(one.schema)
    ]
    words = tuple((one.type, pointer(path)) for one in _judged(said) for path in free_text(one.schema))
    against = tuple(release.name for release in reference.releases)
    return Verdict(against, tuple(_once(found)), words, tuple(dict.fromkeys(doubts)))


def pointer(path: Path) -> str:
    """`/candidates/*/tribunal`; empty for the type itself."""
    return "".join(f"/{step}" for step in path)


class _Gate:
    """Comparisons of single types, each break told with its consumers."""

    def __init__(self, reading: Reading, said: Mapping[str, Said]) -> None:
        self._reading = reading
        self._said = said

    def breaks(self, release: Release, event_type: str, schema: Schema, now: Schema | None) -> Iterator[Found]:
        if now is None:
            # The tree's handlers may have lost it as well: whoever reads the topic could have taken it.
            told = (OfTree.TYPE_REMOVED, Direction.BACKWARD, release.name, event_type, ABSENT)
            everyone = everyone_of(self._road(event_type)[1])
            consumers = tuple(Consumer(reader, ()) for reader in everyone)
            yield Found(event_type, version_of(event_type), "", *told, consumers, everyone)
            return
        for one in breaks(schema, now):
            yield self._found(event_type, one.path, (one.kind, one.direction, release.name, one.was, one.now))

    def _found(self, event_type: str, path: Path, told: tuple[Rupture | OfTree, Direction, str, Any, Any]) -> Found:
        road = (event_type, *self._road(event_type))
        consumers, takers = self._reading.consumers(*road, path), self._reading.takers(*road)
        return Found(event_type, version_of(event_type), pointer(path), *told, consumers, takers)

    def _road(self, event_type: str) -> tuple[Stream, tuple[str, ...]]:
        """Where the type stands; one that the tree no longer has stood where those of its kind do."""
        kin = event_type.rsplit(".", 2)[0]
        alike = [one for one in self._said.values() if one.type.rsplit(".", 2)[0] == kin]
        one = self._said.get(event_type) or (alike[0] if alike else None)
        return ("journal", ()) if one is None else (one.stream, one.readers)


def _versions(event_type: str, said: Mapping[str, Said], committed: Mapping[str, Schema]) -> Iterator[Schema | None]:
    """The type as the code has it, and as the committed schema has it where that is another."""
    code = said[event_type].schema if event_type in said else None
    yield code
    if code is not None and committed.get(event_type, code) != code:
        yield committed[event_type]


def _judged(said: Mapping[str, Said]) -> Iterator[Said]:
    """Those that are understood; of the others a break says that they are not."""
    return (one for one in said.values() if not unjudged(one.schema))


def _not_understood(said: Mapping[str, Said], reference: Reference) -> Iterator[Found]:
    """A new type is compared with nothing yet: what will never be comparable is told before it is released."""
    released = {event_type for release in reference.releases for event_type in release.schemas}
    for one in said.values():
        for path, keyword in unjudged(one.schema) if one.type not in released else ():
            told = (Rupture.UNSUPPORTED_KEYWORD, None, None, ABSENT, keyword)
            yield Found(one.type, one.version, pointer(path), *told)


def _doubts(event_type: str, schema: Schema, now: Schema | None) -> Iterator[Doubt]:
    if now is None or unjudged(schema) or unjudged(now):
        return
    for change in changes(schema, now):
        yield Doubt(event_type, pointer(change.path), change.what, change.was, change.now)


def _rewritten(tree: Tree, kept: Iterable[Release]) -> Iterator[Found]:
    """What a release says is never changed: it is what others built on."""
    standing = {release.name: release.schemas for release in releases_of(tree)}
    for release in kept:
        now = standing.get(release.name, {})
        for event_type in sorted(release.schemas.keys() | now.keys()):
            if release.schemas.get(event_type) != now.get(event_type):
                was = f"contracts/released/{release.name}/{event_type}.json"
                told = (None, release.name, was, "changed" if event_type in now else ABSENT)
                yield Found(event_type, version_of(event_type), "", OfTree.RELEASE_REWRITTEN, *told)


def _unsealed(tree: Tree, releasing: str | None) -> Iterator[Found]:
    """Against the seals of the archive of events, which need no other moment of the tree."""
    try:
        seals = seals_of(tree.folder)
    except Rewritten as error:
        told = (OfTree.RELEASE_REWRITTEN, None, error.release, f"line {error.line}", "changed")
        yield Found(FILE, 0, "", *told)
        return
    standing = {release.name: release.schemas for release in releases_of(tree)}
    for name, sealed in (seals or {}).items():
        if name == releasing and name not in standing:
            continue
        if sealed != digest_of(standing.get(name, {})):
            told = (OfTree.RELEASE_REWRITTEN, None, name, "sealed", "changed" if name in standing else ABSENT)
            yield Found(f"contracts/released/{name}", 0, "", *told)
    if seals is not None:
        # Who removes a seal has removed what tells that its release was rewritten; an archive may begin with any.
        first = min(map(order, seals), default=())
        for name in (one for one in standing if one not in seals and order(one) > first):
            yield Found(FILE, 0, "", OfTree.RELEASE_REWRITTEN, None, name, "sealed", "unsealed")


def _not_generated(said: Mapping[str, Said], committed: Mapping[str, Schema]) -> Iterator[Doubt]:
    """Committed schemas that are not what the code says: no break by themselves, they are compared as well."""
    for event_type in sorted(said.keys() | committed.keys()):
        code = said[event_type].schema if event_type in said else None
        if code != committed.get(event_type):
            now = "changed" if event_type in committed else ABSENT
            yield Doubt(event_type, "", "not-generated", f"contracts/schemas/{event_type}.json", now)


def _once(found: Iterable[Found]) -> Iterator[Found]:
    seen = set()
    for one in found:
        same = (one.type, one.field, one.kind, one.direction, str(one.was), str(one.now))
        if same not in seen:
            seen.add(same)
            yield one
