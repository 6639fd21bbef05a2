"""What the reference data says of itself: its version and, file by file, date, source, licence and completeness."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

from infoparquet_contracts.identifiers import RuleSetVersion
from pydantic import BaseModel, ConfigDict, NonNegativeInt, TypeAdapter, ValidationError

from reference.table import BrokenReference, Table, read_text

T = TypeVar("T")
MANIFEST: Final = "manifest.json"


class Sheet(BaseModel):
    """One file: `complete` is False where codes exist that it lacks, so that an absence proves nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: dt.date
    rows: NonNegativeInt
    complete: bool
    source: str
    licence: str


class Manifest(BaseModel):
    """`version` dates the data and the rules together; decisions carry it as `rule_set`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: RuleSetVersion
    files: Mapping[str, Sheet]


class Folder:
    """A folder of reference data; only what its manifest lists is read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.manifest = _read_json(path / MANIFEST, TypeAdapter(Manifest))

    def sheet(self, name: str) -> Sheet:
        if name not in self.manifest.files:
            raise BrokenReference(MANIFEST, 0, f"files/{name}", "missing")
        return self.manifest.files[name]

    def table(self, name: str, header: str) -> Table:
        return Table(self._path / name, header, self.sheet(name).rows)

    def document(self, name: str, shape: TypeAdapter[T]) -> T:
        """A JSON file, checked against its model."""
        self.sheet(name)
        return _read_json(self._path / name, shape)

    def text(self, name: str) -> str:
        """A file as it stands."""
        self.sheet(name)
        return read_text(self._path / name)

    def require_rows(self, name: str, found: int) -> None:
        """The manifest counts each file's entries, so that a file that was cut is noticed."""
        expected = self.sheet(name).rows
        if found != expected:
            raise BrokenReference(name, 0, "", f"{found} entries, the manifest says {expected}")


def rewritten(path: Path, version: str) -> bytes:
    """A manifest's content under another version."""
    manifest = _read_json(path, TypeAdapter(Manifest))
    return written(manifest.model_copy(update={"version": version}))


def written(manifest: Manifest) -> bytes:
    """As it stands in its file."""
    return f"{manifest.model_dump_json(indent=2)}\n".encode()


def _read_json(path: Path, shape: TypeAdapter[T]) -> T:
    try:
        return shape.validate_json(read_text(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BrokenReference(path.name, 0, "/".join(map(str, first["loc"])), first["msg"]) from error
