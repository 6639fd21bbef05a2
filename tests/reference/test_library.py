"""Versions side by side, one in force: whatever dies or comes at once, what is in force is whole."""

import datetime as dt
import json
import multiprocessing
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference import BrokenReference, load
from reference.library import Busy, Library, UnknownVersion, following, order

DAY = dt.date(2026, 11, 24)


def test_the_version_in_force_is_what_is_loaded(tmp_path: Path, dated_folder: Path) -> None:
    library = Library(tmp_path / "a library")
    assert not library.exists
    first = library.add(dated_folder)
    second = library.add(dated_folder, DAY)
    third = library.add(dated_folder, DAY)
    assert [first, second, third] == ["2026-01-01", "2026-11-24", "2026-11-24.1"]
    assert library.versions() == [first, second, third]
    loaded = load(library.path.as_uri())
    assert (library.current, loaded.version) == (third, third)
    assert "33063" in loaded.communes
    assert library.open(first).manifest.version == first


def test_a_flat_folder_is_read_as_before(dated_folder: Path) -> None:
    assert load(dated_folder.as_uri()).version == "2026-01-01"
    assert not Library(dated_folder).exists


def test_an_earlier_version_is_put_in_force_again(tmp_path: Path, dated_folder: Path) -> None:
    library = Library(tmp_path)
    first = library.add(dated_folder)
    library.add(dated_folder, DAY)
    library.use(first)
    assert load(tmp_path.as_uri()).version == first
    assert library.add(dated_folder, DAY) == "2026-11-24.1"
    with pytest.raises(UnknownVersion):
        library.use("2020-01-01")
    assert library.current == "2026-11-24.1"


def test_the_second_of_two_at_once_is_told(tmp_path: Path, dated_folder: Path) -> None:
    library = Library(tmp_path)
    with library.writing() as writer:
        with pytest.raises(Busy):
            library.add(dated_folder)
        writer.add(dated_folder)
    assert library.current == "2026-01-01"
    library.add(dated_folder, DAY)


def _add_and_die(path: Path, folder: Path, step: int) -> None:
    """Killed at the step-th writing to the disk."""
    reached = 0

    def fsync(_: object) -> None:
        nonlocal reached
        reached += 1
        if reached == step:
            os._exit(9)

    os.fsync = fsync  # type: ignore[assignment]
    Library(path).add(folder, DAY)


@pytest.mark.parametrize("step", [1, 4, 9, 10, 11, 12, 13])
def test_a_kill_at_any_step_leaves_a_whole_version_in_force(tmp_path: Path, dated_folder: Path, step: int) -> None:
    library = Library(tmp_path)
    library.add(dated_folder)
    dying = multiprocessing.get_context("fork").Process(target=_add_and_die, args=(tmp_path, dated_folder, step))
    dying.start()
    dying.join()
    load(tmp_path.as_uri()).require_whole()
    assert library.current in ("2026-01-01", "2026-11-24")
    after = library.add(dated_folder, DAY)
    assert library.current == after
    assert all(not entry.name.startswith(".") for entry in (tmp_path / "versions").iterdir())


def test_a_name_of_nothing_in_force_is_broken(tmp_path: Path, dated_folder: Path) -> None:
    library = Library(tmp_path)
    library.add(dated_folder)
    for content in ("2020-01-01\n", "../../etc\n", ""):
        (tmp_path / "current").write_text(content)
        with pytest.raises(BrokenReference):
            load(tmp_path.as_uri())


def test_the_manifest_says_the_name_it_was_given(tmp_path: Path, dated_folder: Path) -> None:
    library = Library(tmp_path)
    version = library.add(dated_folder, DAY)
    told = json.loads((library.folder(version) / "manifest.json").read_text("utf-8"))
    assert told["version"] == version
    assert told["files"] == json.loads((dated_folder / "manifest.json").read_text("utf-8"))["files"]


@given(st.lists(st.dates(dt.date(2020, 1, 1), dt.date(2020, 1, 9)), max_size=30))
def test_each_version_is_newer_than_all_before(days: list[dt.date]) -> None:
    versions: list[str] = []
    for day in days:
        versions.append(following(versions, str(day)))
    assert versions == sorted(set(versions), key=order)


def test_after_a_thousand_in_a_day_comes_the_next_day() -> None:
    assert following(["2026-11-24.999"], "2026-11-24") == "2026-11-25"
