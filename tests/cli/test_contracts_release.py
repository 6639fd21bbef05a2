"""What a release adds to the archive of events, in a copy of the project."""

import shutil
from pathlib import Path

import pytest
import typer
from infoparquet_contracts.published import GOLDEN
from typer.testing import CliRunner, Result

from cli.contracts import group
from cli.contracts_history import FILE, read
from tests.processes import ROOT

PARTS = ("contracts/src/infoparquet_contracts", "contracts/released/1.0.0", "contracts/golden", "contracts/schemas")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The contracts as they are, and the archive as the first release left it."""
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    lines = (ROOT / FILE).read_text().splitlines(keepends=True)
    seal = next(place for place, line in enumerate(lines) if '"release": "1.0.0"' in line)
    (tmp_path / FILE).write_text("".join(lines[: seal + 1]))
    return tmp_path


def release(tree: Path, *words: str) -> Result:
    app = typer.Typer()
    app.add_typer(group, name="contracts")
    return CliRunner().invoke(app, ["contracts", "release", "1.1.0", "--tree", str(tree), *words])


def test_every_sample_of_every_version_enters_the_archive_and_what_stood_there_stays(tree: Path) -> None:
    before = (tree / FILE).read_text()
    assert release(tree).exit_code == 0
    after = (tree / FILE).read_text()
    assert after.startswith(before)
    archive = read(after)
    assert list(archive.releases) == ["1.0.0", "1.1.0"]
    added = archive.records[len(read(before).records) :]
    golden = {one.record for samples in GOLDEN.values() for one in samples}
    assert {one.record for one in added} == golden


def test_a_release_that_was_cut_off_after_the_archive_goes_on_without_adding_to_it_again(tree: Path) -> None:
    assert release(tree).exit_code == 0
    archived = (tree / FILE).read_text()
    shutil.rmtree(tree / "contracts/released/1.1.0")
    assert release(tree).exit_code == 0
    assert (tree / FILE).read_text() == archived
    assert (tree / "contracts/released/1.1.0").is_dir()


def test_an_archive_that_was_rewritten_takes_nothing_more(tree: Path) -> None:
    file = tree / FILE
    file.write_text(file.read_text().replace("acknowledged", "registered", 1))
    refused = release(tree)
    assert refused.exit_code == 1
    assert "réécrite" in refused.stderr
    assert not (tree / "contracts/released/1.1.0").exists()


def test_released_schemas_that_were_rewritten_break_the_seal_of_their_release(tree: Path) -> None:
    file = tree / "contracts/released/1.0.0/fr.justice.infoparquet.procedure.closed.v1.json"
    file.unlink()
    refused = release(tree)
    assert refused.exit_code == 1
    assert "contracts/released/1.0.0" in refused.stderr
    assert "version publiée réécrite (release-rewritten)" in refused.stderr


@pytest.mark.parametrize("left", [b"", b"\xff\xfe"], ids=["nothing", "no text"])
def test_an_archive_that_lost_the_seal_of_a_release_is_told(tree: Path, left: bytes) -> None:
    (tree / FILE).write_bytes(left)
    refused = release(tree)
    assert refused.exit_code == 1
    assert "version publiée réécrite (release-rewritten)" in refused.stderr
    assert FILE in refused.stderr


def test_without_a_system_there_is_no_journal_to_archive(tree: Path, tmp_path: Path) -> None:
    before = (tree / FILE).read_text()
    refused = release(tree, "--data", str(tmp_path / "nulle part"))
    assert refused.exit_code == 1
    assert "infoparquet up" in refused.stderr
    assert (tree / FILE).read_text() == before
