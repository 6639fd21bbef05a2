"""A library of reference data that a test renews while services run on it."""

import asyncio
import csv
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from typer.testing import CliRunner

from chassis.service import Running
from cli.main import assemble
from reference.bundle import PACKAGED
from reference.library import Library


def a_library(path: Path) -> Library:
    """With the data that come with the program."""
    library = Library(path)
    library.add(PACKAGED)
    return library


def imported(library: Library, kind: str, file: Path) -> str:
    """`infoparquet reference import`; the version that it put in force."""
    words = ["reference", "import", kind, str(file), "--reference", library.path.as_uri(), "--accept-losses", "--json"]
    done = CliRunner().invoke(assemble(words), words)
    assert done.exit_code == 0, done.output
    return str(json.loads(done.stdout)["version"])


def renamed(library: Library, folder: Path, court: str, name: str) -> str:
    """A version in which a court has another name."""
    return _renewed(
        library, folder, "tribunals.csv", lambda row: {"nom": name} if row["code_judilibre"] == court else {}
    )


def moved(library: Library, folder: Path, commune: str, court: str) -> str:
    """A version in which a commune belongs to another court, by its code in the Ministry's file."""
    return _renewed(
        library, folder, "competence.csv", lambda row: {"code_tj": court} if row["code_insee"] == commune else {}
    )


def _renewed(library: Library, folder: Path, file: str, change: Callable[[dict[str, str]], dict[str, str]]) -> str:
    shutil.copytree(library.folder(library.current), folder)
    with (folder / file).open(encoding="utf-8", newline="") as lines:
        rows = [row | change(row) for row in csv.DictReader(lines)]
    with (folder / file).open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return library.add(folder)


@asynccontextmanager
async def working(running: Running) -> AsyncIterator[None]:
    """The service's workers run while the block lasts, and end as at SIGTERM."""
    tasks = [asyncio.create_task(worker()) for worker in running.workers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
