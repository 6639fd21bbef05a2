"""The archive of events: what was written at each release, and what its facts added up to then. Pure.

One JSON document a line. A record is as it stood on its topic; a state closes what was archived of its procedure; a
seal closes a release, with the digests of every line before it and of its schemas, so that nothing of it can be
rewritten unseen.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from infoparquet_contracts.envelope import Event, decode
from infoparquet_contracts.overlap import superseded
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.record import Record
from infoparquet_contracts.status import State, fold
from infoparquet_contracts.topics import JOURNAL
from pydantic import TypeAdapter

FILE: Final = "contracts/history.ndjson"
_STATE: Final[TypeAdapter[State]] = TypeAdapter(State)


class Rewritten(Exception):  # noqa: N818 - says what is wrong without the suffix
    """The seal of `release`, at that line (from 1), is not that of the lines before it; "" where there is no seal."""

    def __init__(self, release: str, line: int) -> None:
        super().__init__(release, line)
        self.release: Final = release
        self.line: Final = line


@dataclass(frozen=True, slots=True)
class Archived:
    """A record and its topic."""

    topic: str
    record: Record

    def event(self) -> Event[Payload]:
        """As today's contracts read it. Raises Undecodable."""
        return decode(self.record.key, self.record.value, self.record.headers)


@dataclass(frozen=True, slots=True)
class Stood:
    """Where a procedure stood at a release, as JSON, and the records that had led there."""

    release: str
    procedure: UUID
    state: Mapping[str, Any]
    records: tuple[Archived, ...]


@dataclass(frozen=True, slots=True)
class Archive:
    """Every record in order, where each procedure of each release stood, and the digest of each release's schemas."""

    records: tuple[Archived, ...]
    stood: tuple[Stood, ...]
    releases: Mapping[str, str]


def seals_of(project: Path) -> Mapping[str, str] | None:
    """The digest of the schemas of each release in a project's archive; None where it has no archive."""
    file = project / FILE
    return read(file.read_text(encoding="utf-8", errors="replace")).releases if file.exists() else None


def read(text: str) -> Archive:
    """The archive. Raises Rewritten where a seal does not hold, a line is none, or the last lines have no seal."""
    records: list[Archived] = []
    stood: list[Stood] = []
    releases: dict[str, str] = {}
    pending: list[Archived] = []
    states: list[tuple[UUID, Mapping[str, Any]]] = []
    digest = hashlib.sha256()
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        match _said(line):
            case Archived() as record:
                pending.append(record)
            case UUID() as procedure, state:
                states.append((procedure, state))
            case str(release), sealed, schemas if sealed == digest.hexdigest():
                stood += _stood(release, states, pending)
                records += pending
                releases[release] = schemas
                pending, states = [], []
            case str(release), *_:
                raise Rewritten(release, number)
            case _:
                raise Rewritten("", number)
        digest.update(f"{line}\n".encode())
    if pending or states:
        raise Rewritten("", len(lines))
    return Archive(tuple(records), tuple(stood), releases)


def _said(line: str) -> Archived | tuple[UUID, Mapping[str, Any]] | tuple[str, str, str] | None:
    """A record, where a procedure stood, or a seal; None for what is none of them."""
    try:
        match json.loads(line):
            case {"release": str(release), "sha256": str(sealed), "schemas": str(schemas)}:
                return release, sealed, schemas
            case {"procedure": str(procedure), "state": dict(state)}:
                return UUID(procedure), state
            case said:
                return _archived(said)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def grown(text: str, release: str, records: Sequence[Archived], schemas: Mapping[str, Any]) -> str:
    """The archive with what a release adds; what stood in it is untouched. Raises Rewritten."""
    read(text)
    lines = [_line(_written(one)) for one in records]
    for procedure, told in _by_procedure(records).items():
        state = folded(told)
        if state is not None:
            said = {"procedure": str(procedure), "state": _STATE.dump_python(state, mode="json")}
            lines.append(_line(said))
    whole = text + "".join(lines)
    seal = {"release": release, "sha256": _digest(whole), "schemas": digest_of(schemas)}
    return whole + _line(seal)


def digest_of(schemas: Mapping[str, Any]) -> str:
    """Of a release's schemas by type, however they are written down."""
    return _digest(json.dumps(schemas, sort_keys=True))


def folded(records: Iterable[Archived]) -> State | None:
    """What the facts of one procedure add up to by today's fold; None where none of them begins it."""
    state = None
    for one in records:
        if one.topic == JOURNAL.name and not superseded(one.record.headers):
            state = fold(state, one.event()).state
    return state


def stands_as(state: State | None, archived: Mapping[str, Any]) -> bool:
    """Whether a state says what was archived; what states have learnt to say since does not count."""
    if state is None:
        return False
    now = _STATE.dump_python(state, mode="json")
    return {name: now.get(name) for name in archived} == archived


def one_of_each_road(records: Sequence[Archived]) -> list[Archived]:
    """The records of the first procedure of each sequence of types: the others would show nothing new."""
    kept: dict[tuple[str, ...], UUID] = {}
    for procedure, told in _by_procedure(records).items():
        kept.setdefault(tuple(_type(one) for one in told), procedure)
    chosen = set(kept.values())
    return [one for one in records if UUID(one.record.key.decode()) in chosen]


def _by_procedure(records: Iterable[Archived]) -> dict[UUID, list[Archived]]:
    told: dict[UUID, list[Archived]] = defaultdict(list)
    for one in records:
        told[UUID(one.record.key.decode())].append(one)
    return told


def _stood(
    release: str, states: Iterable[tuple[UUID, Mapping[str, Any]]], records: Sequence[Archived]
) -> Iterator[Stood]:
    told = _by_procedure(records)
    for procedure, state in states:
        yield Stood(release, procedure, state, tuple(told[procedure]))


def _type(one: Archived) -> str:
    return next(value.decode() for name, value in one.record.headers if name == "ce_type")


def _archived(said: Mapping[str, Any]) -> Archived:
    headers = tuple((name, text.encode()) for name, text in said["headers"].items())
    return Archived(said["topic"], Record(said["key"].encode(), said["value"].encode(), headers))


def _written(one: Archived) -> dict[str, Any]:
    record = one.record
    return {
        "topic": one.topic,
        "key": record.key.decode(),
        "headers": {name: value.decode() for name, value in record.headers},
        "value": record.value.decode(),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _line(said: Mapping[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False) + "\n"
