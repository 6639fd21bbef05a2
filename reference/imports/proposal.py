"""A new version as proposed: the sheets that a file replaces, and what that changes; written into a folder whole."""

import csv
import datetime as dt
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from reference.bundle import Reference
from reference.imports.difference import Difference
from reference.library import IMPORTED
from reference.manifest import MANIFEST, Folder, Manifest, Sheet, written

# Of everything that the Ministry and INSEE publish.
_LICENCE: Final = "Licence Ouverte 2.0"


@dataclass(frozen=True, slots=True)
class NewSheet:
    """A sheet's whole content; without a `source`, one that follows from another and keeps its own description. One
    that is no table has its `text`, with so many `entries`."""

    name: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    complete: bool = True
    source: str | None = None
    text: str | None = None
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an official file would make of the present version."""

    sheets: tuple[NewSheet, ...]
    difference: Difference


@dataclass(frozen=True)
class Present:
    """The version that is held now."""

    path: Path

    @cached_property
    def reference(self) -> Reference:
        return Reference(Folder(self.path))

    def rows(self, name: str) -> list[dict[str, str]]:
        """A sheet's rows as they stand in the file; none where there is no such sheet."""
        if name not in self.reference.sheets:
            return []
        with (self.path / name).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))


def write(proposal: Proposal, present: Present, folder: Path, *, dated: dt.date, source: str | None) -> None:
    """The present version with the sheets replaced, in an empty folder; every part of it is read before it counts.
    Raises BrokenReference."""
    for file in present.path.iterdir():
        if file.is_file():
            shutil.copyfile(file, folder / file.name)
    sheets = present.reference.sheets
    for sheet in proposal.sheets:
        (folder / sheet.name).write_text(_content(sheet), "utf-8")
        sheets[sheet.name] = _described(sheet, sheets.get(sheet.name), dated, source)
    manifest = Manifest(version=present.reference.version, files=sheets)
    (folder / MANIFEST).write_bytes(written(manifest))
    Reference(Folder(folder)).require_whole()


def changes_nothing(proposal: Proposal, present: Present) -> bool:
    """Whether the present version already says all of it."""
    sheets = present.reference.sheets
    return all(
        sheet.name in sheets
        and sheets[sheet.name].complete == sheet.complete
        and (present.path / sheet.name).read_text("utf-8") == _content(sheet)
        for sheet in proposal.sheets
    )


def remember(folder: Path, origin: Mapping[str, Any], proposal: Proposal) -> None:
    """Leaves in a version what it was made of, and which files are no longer those of the program."""
    before = json.loads((folder / IMPORTED).read_text("utf-8")) if (folder / IMPORTED).exists() else {"files": []}
    files = sorted({*before["files"], *(sheet.name for sheet in proposal.sheets)})
    origin = {**origin, "files": files}
    (folder / IMPORTED).write_text(json.dumps(origin, ensure_ascii=False, indent=2) + "\n", "utf-8")


def _described(sheet: NewSheet, before: Sheet | None, dated: dt.date, source: str | None) -> Sheet:
    rows = sheet.entries if sheet.text is not None else len(sheet.rows)
    if sheet.source is None and before is not None:
        return before.model_copy(update={"rows": rows})
    told = source or sheet.source or sheet.name
    return Sheet(date=dated, rows=rows, complete=sheet.complete, source=told, licence=_LICENCE)


def _content(sheet: NewSheet) -> str:
    if sheet.text is not None:
        return sheet.text
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([sheet.header, *sheet.rows])
    return text.getvalue()
