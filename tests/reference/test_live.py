"""A running service's reference data: another version is taken up whole, or not at all."""

import asyncio
import datetime as dt
from contextlib import suppress
from pathlib import Path

import pytest

from reference import BrokenReference, Reference
from reference.library import Library
from reference.live import Live
from tests.processes import until

DAY = dt.date(2026, 11, 24)


@pytest.fixture
def library(tmp_path: Path, dated_folder: Path) -> Library:
    made = Library(tmp_path / "library")
    made.add(dated_folder)
    return made


async def test_what_was_derived_follows_the_version_in_force(library: Library, dated_folder: Path) -> None:
    live = Live(library.path.as_uri())
    made: list[str] = []

    def shown(reference: Reference) -> str:
        made.append(reference.version)
        return f"{reference.version}: {len(reference.courts)}"

    current = live.derive(shown)
    assert (current(), current()) == ("2026-01-01: 5", "2026-01-01: 5")
    watching = asyncio.create_task(live.watch())
    library.add(dated_folder, DAY)

    async def changed() -> bool:
        return current() == "2026-11-24: 5"

    await until(changed)
    assert live.now.version == "2026-11-24"
    library.use("2026-01-01")

    async def back() -> bool:
        return live.now.version == "2026-01-01"

    await until(back)
    assert made == ["2026-01-01", "2026-11-24", "2026-01-01"]
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


async def test_a_broken_version_changes_nothing(library: Library, dated_folder: Path) -> None:
    live = Live(library.path.as_uri())
    courts = live.derive(lambda reference: len(reference.courts))
    version = library.add(dated_folder, DAY)
    sound = (library.folder(version) / "tribunals.csv").read_bytes()
    (library.folder(version) / "tribunals.csv").write_text("broken\n")
    await live.refresh()
    assert (live.now.version, courts()) == ("2026-01-01", 5)
    (library.folder(version) / "tribunals.csv").write_bytes(sound)
    await live.refresh()
    assert (live.now.version, courts()) == (version, 5)


async def test_all_of_a_version_is_taken_or_none(library: Library, dated_folder: Path) -> None:
    live = Live(library.path.as_uri())
    version = live.derive(lambda reference: reference.version)
    natinf = live.derive(lambda reference: (reference.version, len(reference.natinf)))
    (library.folder(library.add(dated_folder, DAY)) / "natinf.csv").write_text("broken\n")
    await live.refresh()
    assert version() == natinf()[0] == live.now.version == "2026-01-01"


async def test_a_flat_folder_stays_as_it_was_read(dated_folder: Path) -> None:
    live = Live(dated_folder.as_uri())
    await live.refresh()
    assert live.now.version == "2026-01-01"


def test_a_service_does_not_start_on_broken_data(folder: Path) -> None:
    live = Live(folder.as_uri())
    (folder / "natinf.csv").write_text("broken\n")
    with pytest.raises(BrokenReference):
        live.derive(lambda reference: reference.natinf)
