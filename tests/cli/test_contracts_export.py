"""`infoparquet contracts export`: a folder that holds all that is published, and nothing that no longer is."""

import json
from pathlib import Path

from infoparquet_contracts.published import golden_files, schema_files
from typer.testing import CliRunner, Result

from cli.contracts_openapi import openapi_files
from cli.main import assemble

SUBMITTED = "golden/fr.justice.infoparquet.procedure.submitted.v1"


def export(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(assemble(["contracts"]), ["contracts", "export", str(folder), *words])


def files(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}


def test_a_fresh_folder_gets_the_schemas_the_samples_and_the_descriptions(tmp_path: Path) -> None:
    result = export(tmp_path / "new" / "folder")
    assert result.exit_code == 0, result.output
    written = files(tmp_path / "new" / "folder")
    assert json.loads(written.pop("asyncapi.json"))["asyncapi"] == "3.0.0"
    assert written == {**schema_files(), **golden_files(), **openapi_files()}


def test_a_second_export_changes_nothing_and_says_so(tmp_path: Path) -> None:
    first = json.loads(export(tmp_path, "--json").stdout)
    before = files(tmp_path)
    second = json.loads(export(tmp_path, "--json").stdout)
    assert files(tmp_path) == before
    assert set(first["written"]) == set(before) == set(second["unchanged"])
    assert second["written"] == second["removed"] == []


def test_what_was_changed_by_hand_is_written_again_and_what_is_gone_is_removed(tmp_path: Path) -> None:
    export(tmp_path)
    (tmp_path / SUBMITTED / "urgent.json").write_text("{}")
    gone = tmp_path / "golden" / "fr.justice.infoparquet.procedure.mislaid.v1" / "case.json"
    gone.parent.mkdir()
    gone.write_text("{}")
    done = json.loads(export(tmp_path, "--json").stdout)
    assert done["written"] == [f"{SUBMITTED}/urgent.json"]
    assert done["removed"] == ["golden/fr.justice.infoparquet.procedure.mislaid.v1/case.json"]
    assert not gone.parent.exists()


def test_what_others_keep_in_the_folder_is_not_touched(tmp_path: Path) -> None:
    others = ("released/1.0.0/a.json", "archive/1.0.0.ndjson", "README.md", "schemas/NOTES.md")
    for path in others:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("theirs")
    assert export(tmp_path).exit_code == 0
    assert {path: text for path, text in files(tmp_path).items() if path in others} == dict.fromkeys(others, "theirs")


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "schemas").write_text("a file")
    result = export(tmp_path)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert str(tmp_path / "schemas") in result.stderr
    assert "Choisissez un autre dossier" in result.stderr
