"""The data that come with the program, put into a library: at first, and again when a newer program brings others.

What was imported since is laid over the new program's data: a version made by an older program may lack what this one
reads.
"""

import filecmp
import json
import shutil
import tempfile
from pathlib import Path

from reference.bundle import PACKAGED, Reference
from reference.library import IMPORTED, Library, Writer
from reference.manifest import MANIFEST, Folder, written
from reference.table import BrokenReference


class Unfit(Exception):  # noqa: N818 - named for what is the matter
    """What was imported does not go with this program's data, which are kept as `version` without being in force."""

    def __init__(self, version: str, error: BrokenReference) -> None:
        super().__init__(str(error))
        self.version = version


def seed(library: Library, packaged: Path = PACKAGED) -> str | None:
    """The version put in force, None where the program brings nothing new. Raises Unfit, Busy."""
    with library.writing() as writer:
        seeds = [version for version in library.versions() if not library.imported(version)]
        if library.exists and seeds and _same(library.folder(seeds[-1]), packaged):
            return None
        if not library.exists or not library.imported(library.current):
            return writer.add(packaged)
        return _add_over(writer, library.folder(library.current), packaged)


def _same(folder: Path, packaged: Path) -> bool:
    """The same data, whatever their version is called."""
    names = sorted(file.name for file in packaged.iterdir() if file.is_file())
    if names != sorted(file.name for file in folder.iterdir() if file.is_file()):
        return False
    data = [name for name in names if name != MANIFEST]
    _, differing, unread = filecmp.cmpfiles(folder, packaged, data, shallow=False)
    return not (differing or unread) and Folder(folder).manifest.files == Folder(packaged).manifest.files


def _add_over(writer: Writer, present: Path, packaged: Path) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            _lay_over(present, packaged, folder)
        except BrokenReference as error:
            raise Unfit(writer.keep(packaged), error) from error
        version = writer.add(folder)
    # Last: as long as it is missing, what comes before is done again.
    writer.keep(packaged)
    return version


def _lay_over(present: Path, packaged: Path, folder: Path) -> None:
    for file in packaged.iterdir():
        if file.is_file():
            shutil.copyfile(file, folder / file.name)
    manifest, held = Folder(packaged).manifest, Folder(present).manifest.files
    imported = json.loads((present / IMPORTED).read_text("utf-8"))["files"]
    for name in [*imported, IMPORTED]:
        shutil.copyfile(present / name, folder / name)
    files = {**manifest.files, **{name: held[name] for name in imported}}
    (folder / MANIFEST).write_bytes(written(manifest.model_copy(update={"files": files})))
    Reference(Folder(folder)).require_whole()
