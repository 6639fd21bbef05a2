"""The data of the program: there at first, renewed by a newer program, under what was imported since."""

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from deploy.local.failures import StackError
from deploy.local.reference_data import prepare, reference_folder
from reference import load
from reference.imports.kinds import Kind, propose
from reference.imports.proposal import Present, remember, write
from reference.library import Library
from reference.seeding import Unfit, seed
from tests.reference.official_files import MINISTRY, NATINF_HEADER, a_file

DAY = dt.date(2026, 11, 24)


@pytest.fixture
def library(tmp_path: Path, dated_folder: Path) -> Library:
    made = Library(tmp_path / "library")
    assert seed(made, dated_folder) == "2026-01-01"
    return made


def a_newer_program(folder: Path, version: str = "2026-12-01") -> Path:
    """Whose nomenclature has an entry more."""
    with (folder / "nataff.csv").open("a", encoding="utf-8") as file:
        file.write("C,,1,Atteinte à l'autorité\n")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["version"] = version
    manifest["files"]["nataff.csv"]["rows"] += 1
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder


def import_natinf(library: Library, tmp_path: Path, kind: Kind = Kind.NATINF) -> str:
    file = a_file(tmp_path / "natinf.csv", NATINF_HEADER, "123;Délit;VOL;A;B", encoding=MINISTRY)
    present = Present(library.folder(library.current))
    proposal = propose(kind, file, present, DAY)
    made = tmp_path / "made"
    made.mkdir()
    write(proposal, present, made, dated=DAY, source=None)
    remember(made, {"kind": kind}, proposal)
    return library.add(made, DAY)


def test_the_same_program_again_changes_nothing(library: Library, dated_folder: Path) -> None:
    assert seed(library, dated_folder) is None
    assert library.versions() == ["2026-01-01"]


def test_a_newer_program_brings_its_data(library: Library, folder: Path) -> None:
    assert seed(library, a_newer_program(folder)) == "2026-12-01"
    assert "C" in load(library.path.as_uri()).nataff
    assert seed(library, folder) is None


def test_other_data_under_the_same_version_are_newer_too(library: Library, folder: Path) -> None:
    assert seed(library, a_newer_program(folder, "2026-01-01")) == "2026-01-01.1"


def test_who_went_back_to_an_earlier_version_stays_there(library: Library, folder: Path) -> None:
    seed(library, a_newer_program(folder))
    library.use("2026-01-01")
    assert seed(library, folder) is None
    assert library.current == "2026-01-01"


def test_what_was_imported_is_laid_over_the_data_of_a_newer_program(
    library: Library, folder: Path, tmp_path: Path, dated_folder: Path
) -> None:
    before = import_natinf(library, tmp_path)
    assert seed(library, dated_folder) is None
    assert library.current == before
    newer = a_newer_program(folder)
    version = seed(library, newer)
    assert version == library.current
    loaded = load(library.path.as_uri())
    assert (list(loaded.natinf), loaded.natinf.complete) == (["123"], True)
    assert "C" in loaded.nataff
    assert loaded.sheets["natinf.csv"].date == DAY
    assert library.imported(library.current)
    assert seed(library, newer) is None


def test_a_kill_before_the_end_is_made_good(library: Library, folder: Path, tmp_path: Path) -> None:
    import_natinf(library, tmp_path)
    newer = a_newer_program(folder)
    seed(library, newer)
    # The program's own data are kept last.
    shutil.rmtree(library.folder(library.versions()[-1]))
    seed(library, newer)
    loaded = load(library.path.as_uri())
    assert list(loaded.natinf) == ["123"]
    assert "C" in loaded.nataff
    assert seed(library, newer) is None


def test_what_does_not_go_with_a_newer_program_is_said_and_its_data_are_at_hand(
    library: Library, folder: Path, tmp_path: Path
) -> None:
    version = import_natinf(library, tmp_path)
    newer = a_newer_program(folder)
    (library.folder(version) / "natinf.csv").write_text("of another form\n")
    with pytest.raises(Unfit) as unfit:
        seed(library, newer)
    assert library.current == version
    library.use(unfit.value.version)
    assert "C" in load(library.path.as_uri()).nataff


def test_up_seeds_its_data_folder_and_says_what_is_the_matter(tmp_path: Path) -> None:
    prepare(tmp_path)
    library = Library(reference_folder(tmp_path))
    assert len(load(library.path.as_uri()).courts) == 168
    with library.writing(), pytest.raises(StackError, match="import de données de référence est en cours"):
        prepare(tmp_path)
