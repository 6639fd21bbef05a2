"""Which procedures other rules or data would send elsewhere, said before they are active."""

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cli.competence_group import group
from deploy.local.samples import read_samples
from reference import default_url
from reference.bundle import PACKAGED
from reference.library import Library

OLD = default_url()


def run(*words: str) -> Result:
    app = typer.Typer()
    app.add_typer(group, name="competence")
    return CliRunner().invoke(app, ["competence", *words])


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """The data of tomorrow: Bordeaux belongs to Libourne."""
    folder = shutil.copytree(PACKAGED, tmp_path / "données de demain")
    file = folder / "competence.csv"
    text = file.read_text("utf-8")
    assert "\n33063,100094,100009," in text
    file.write_text(text.replace("\n33063,100094,100009,", "\n33063,100095,100009,"), "utf-8")
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"2026-11-24"', '"2026-12-01"', 1), "utf-8")
    return folder


def a_file(folder: Path, *lines: object) -> Path:
    file = folder / "past.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return file


def a_case(name: str, commune: str, **more: object) -> dict[str, object]:
    return {"id": name, "places": [{"ground": "facts", "commune": commune, "text": "quai"}], "on": "2026-11-01", **more}


def test_those_that_would_go_elsewhere_are_named_with_both_courts(moved: Path, tmp_path: Path) -> None:
    file = a_file(tmp_path, a_case("a", "33063"), a_case("b", "69123"), a_case("c", "33063", nataff=["J5"]))
    result = run("diff", OLD, str(moved), "--cases", str(file), "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["old"], found["new"], found["cases"], found["elsewhere"]) == ("2026-11-24", "2026-12-01", 3, 2)
    assert [(one["id"], one["old"]["tribunal"], one["new"]["tribunal"]) for one in found["changes"]] == [
        ("a", "tj33063", "tj33243"),
        ("c", "tj33063", "tj33243"),
    ]
    assert found["moves"] == {"tj33063 → tj33243": 2}


def test_the_same_court_for_another_reason_is_only_counted(tmp_path: Path) -> None:
    folder = shutil.copytree(PACKAGED, tmp_path / "rules")
    rules = folder / "rules.toml"
    text = rules.read_text("utf-8")
    assert text.count('nataff = ["J"]') == 1
    rules.write_text(text.replace('nataff = ["J"]', 'nataff = ["J1"]'), "utf-8")
    file = a_file(tmp_path, a_case("a", "33243", nataff=["J5"]), a_case("b", "33243"))
    found = json.loads(run("diff", OLD, folder.as_uri(), "--cases", str(file), "--json").stdout)
    assert (found["elsewhere"], found["same_court_otherwise"], found["changes"]) == (0, 1, [])


def test_files_of_procedures_as_they_are_deposited_are_read(tmp_path: Path) -> None:
    file = a_file(tmp_path, *(sample.procedure for sample in read_samples()))
    found = json.loads(run("diff", OLD, OLD, "--cases", str(file), "--json").stdout)
    assert (found["cases"], found["elsewhere"]) == (60, 0)


def test_versions_of_a_system_are_given_by_their_names(moved: Path, tmp_path: Path) -> None:
    library = Library(tmp_path / "system" / "reference")
    old, new = library.add(PACKAGED), library.add(moved)
    file = a_file(tmp_path, a_case("a", "33063"))
    result = run("diff", old, new, "--cases", str(file), "--json", "--data", str(tmp_path / "system"))
    found = json.loads(result.stdout)
    assert (found["old"], found["new"], found["elsewhere"]) == ("2026-11-24", "2026-12-01", 1)


def test_without_json_it_is_told_in_words(moved: Path, tmp_path: Path) -> None:
    said = run("diff", OLD, str(moved), "--cases", str(a_file(tmp_path, a_case("a", "33063")))).stdout
    assert "1 procédures sur 1 iraient ailleurs" in said
    assert "a : tj33063 → tj33243" in said


@pytest.mark.parametrize("line", ["not json", "[]", '{"places": [{"ground": "rumour"}]}'])
def test_a_line_that_is_no_procedure_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "bad.ndjson"
    file.write_text(f"\n{line}\n", "utf-8")
    result = run("diff", OLD, OLD, "--cases", str(file))
    assert result.exit_code == 2
    assert "ligne 2 : ce n’est pas une procédure" in result.stderr


def test_broken_rules_are_refused_with_their_line(tmp_path: Path) -> None:
    folder = shutil.copytree(PACKAGED, tmp_path / "rules")
    rules = folder / "rules.toml"
    rules.write_text(rules.read_text("utf-8").replace('matter = "cyber"', 'matter = "cybr"'), "utf-8")
    result = run("diff", OLD, str(folder), "--cases", str(a_file(tmp_path, a_case("a", "33063"))))
    assert result.exit_code == 1
    assert "rules.toml, ligne " in result.stderr


def test_the_decision_itself_is_still_the_command() -> None:
    result = run("--commune", "33063", "--json")
    assert json.loads(result.stdout)["tribunal"] == "tj33063"
