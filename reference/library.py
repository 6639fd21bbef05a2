"""Versions of the reference data side by side: each a complete folder, never changed, and one of them in force.

`versions/<version>/` are the folders, `current` names the one in force. A version is whole on the disk before `current`
is replaced, in one step: whatever dies in between, the one before stays in force.
"""

import contextlib
import datetime as dt
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from reference.manifest import MANIFEST, Folder, rewritten
from reference.table import BrokenReference, read_text

CURRENT: Final = "current"
# In a version that an import made: what it was made of. The packaged one has none.
IMPORTED: Final = "import.json"
_VERSIONS: Final = "versions"
_VERSION: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.([0-9]{1,3}))?(?:\+[0-9a-f]{8,64})?")
_MOST_A_DAY: Final = 999

Order = tuple[dt.date, int]


class Busy(Exception):  # noqa: N818 - named for what is the matter
    """Another process is adding to this library."""


class UnknownVersion(LookupError):  # noqa: N818 - as above
    """The library holds no version of that name."""


class Library:
    """May not be there yet: the first version added makes it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        """Whether it has a version in force; a flat folder of reference data is no library."""
        return (self.path / CURRENT).is_file()

    @property
    def current(self) -> str:
        """The version in force. Raises BrokenReference."""
        version = read_text(self.path / CURRENT).strip()
        if not _VERSION.fullmatch(version):
            raise BrokenReference(CURRENT, 1, "", f"{version[:80]!r} is no version")
        return version

    def versions(self) -> list[str]:
        """Oldest first."""
        if not (self.path / _VERSIONS).is_dir():
            return []
        names = [entry.name for entry in (self.path / _VERSIONS).iterdir() if _VERSION.fullmatch(entry.name)]
        return sorted(names, key=order)

    def folder(self, version: str) -> Path:
        """Where a version is. Raises UnknownVersion."""
        if version not in self.versions():
            raise UnknownVersion(version)
        return self.path / _VERSIONS / version

    def open(self, version: str) -> Folder:
        """A version's files. Raises UnknownVersion, BrokenReference."""
        return Folder(self.folder(version))

    def imported(self, version: str) -> bool:
        """Whether an import made it, rather than the package."""
        return (self.folder(version) / IMPORTED).is_file()

    def add(self, folder: Path, day: dt.date | None = None) -> str:
        """See Writer.add. Raises Busy."""
        with self.writing() as writer:
            return writer.add(folder, day)

    def use(self, version: str) -> None:
        """Puts a version in force that is there. Raises Busy, UnknownVersion."""
        with self.writing() as writer:
            writer.use(version)

    @contextlib.contextmanager
    def writing(self) -> Iterator["Writer"]:
        """One at a time, on this machine. Raises Busy."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(str(self.path)) from None
            yield Writer(self)


class Writer:
    """The one that may change a library now."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._versions = library.path / _VERSIONS

    def add(self, folder: Path, day: dt.date | None = None) -> str:
        """Keeps a folder and puts it in force."""
        version = self.keep(folder, day)
        self.use(version)
        return version

    def keep(self, folder: Path, day: dt.date | None = None) -> str:
        """Copies a folder, under the name that is returned: the folder's own where it is newer than every other, else
        the next after them; one of `day`, where given."""
        own = Folder(folder).manifest.version
        version = following(self._library.versions(), str(day) if day else own)
        self._versions.mkdir(exist_ok=True)
        for left in self._versions.glob(".*"):
            # Of one that was killed.
            shutil.rmtree(left)
        partial = self._versions / f".{version}"
        partial.mkdir()
        for file in sorted(folder.iterdir()):
            if file.is_file():
                content = rewritten(file, version) if file.name == MANIFEST else file.read_bytes()
                _write(partial / file.name, content)
        _sync(partial)
        partial.rename(self._versions / version)
        _sync(self._versions)
        return version

    def use(self, version: str) -> None:
        """Puts a version in force. Raises UnknownVersion."""
        self._library.folder(version)
        beside = self._library.path / f".{CURRENT}"
        _write(beside, f"{version}\n".encode())
        beside.replace(self._library.path / CURRENT)
        _sync(self._library.path)


def folder_in_force(path: Path) -> Path:
    """The folder to read: that of the version in force of a library, or a flat folder itself."""
    library = Library(path)
    if not library.exists:
        return path
    try:
        return library.folder(library.current)
    except UnknownVersion as error:
        raise BrokenReference(CURRENT, 1, "", f"version {error} is not there") from error


def order(version: str) -> Order:
    """By which versions are older or newer."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(version)
    return dt.date.fromisoformat(found[1]), int(found[2] or 0)


def following(versions: list[str], wanted: str) -> str:
    """`wanted`, or the next free name after all versions where it is not newer than they are."""
    if not versions or order(wanted) > order(versions[-1]):
        return wanted
    day, number = order(versions[-1])
    if number == _MOST_A_DAY:
        day, number = day + dt.timedelta(days=1), -1
    return f"{day}.{number + 1}" if number >= 0 else str(day)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
