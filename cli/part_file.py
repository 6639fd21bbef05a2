"""A document on its way to a disk: it grows in a `.part` file, and has its final name once it is the right one.

Whatever stops in between, what is under a final name is whole, and a part is gone on with.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from infoparquet_contracts.parts import Document

from chassis.disk import sync

Tell = Callable[[int], None]


def holds(path: Path, document: Document) -> bool:
    """Whether a file is that document, to the last byte. Raises OSError."""
    if not path.is_file() or path.stat().st_size != document.bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == document.sha256


class Part:
    """The bytes that are there, hashed as they come; `tell` is told how many came, or went.

    `kept`: how many of them are from before, and may be another content's.
    """

    def __init__(self, final: Path, tell: Tell) -> None:
        self._final, self._tell = final, tell
        self._path = final.with_name(f"{final.name}.part")
        self._file = self._path.open("a+b")
        self._file.seek(0)
        self._hash = hashlib.file_digest(self._file, "sha256")
        self.size = self.kept = self._file.tell()
        tell(self.size)

    def take(self, piece: bytes) -> None:
        """The bytes that follow."""
        self._file.write(piece)
        self._hash.update(piece)
        self.size += len(piece)
        self._tell(len(piece))

    def begin_again(self) -> None:
        """Without a byte."""
        self._file.truncate(0)
        self._hash = hashlib.sha256()
        self._tell(-self.size)
        self.size = self.kept = 0

    def holds(self, document: Document) -> bool:
        """Whether this is all of that document."""
        return self.size == document.bytes and self._hash.hexdigest() == document.sha256

    def close(self) -> None:
        """What is there stays, to be gone on with."""
        self._file.close()

    def discard(self) -> None:
        """Nothing of it stays."""
        self._path.unlink(missing_ok=True)

    def settle(self) -> None:
        """Give it its final name, once it is closed; it is on the disk before anything is said of it."""
        sync(self._path)
        self._path.replace(self._final)
        sync(self._final.parent)
