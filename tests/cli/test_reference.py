"""`infoparquet reference`: what is loaded, imports with their losses, an earlier version again."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import assemble
from reference import load
from reference.bundle import PACKAGED, default_url
from reference.library import Library
from tests.reference.official_files import MINISTRY, NATINF_HEADER, a_file, all_offences

NEW = [f"{90_000 + number};Délit;INFRACTION {number};A;B" for number in range(1, 26)]


def run(*words: str) -> Result:
    return CliRunner().invoke(assemble(["reference"]), ["reference", *words])


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Of the system that runs on `tmp_path`."""
    made = Library(tmp_path / "reference")
    made.add(PACKAGED)
    return made


@pytest.fixture
def natinf(tmp_path: Path) -> Path:
    return a_file(tmp_path / "natinf.csv", NATINF_HEADER, *all_offences(*NEW), encoding=MINISTRY)


def imported(tmp_path: Path, file: Path, *words: str) -> Result:
    return run("import", "natinf", str(file), "--data", str(tmp_path), *words)


def listed(tmp_path: Path) -> Any:
    answer = run("list", "--json", "--data", str(tmp_path))
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_the_list_says_date_source_rows_and_completeness(library: Library, tmp_path: Path) -> None:
    told = listed(tmp_path)
    assert told["version"] == library.current
    files = {file["file"]: file for file in told["files"]}
    assert files["natinf.csv"]["complete"] is False
    assert files["communes.csv"]["rows"] == 37590
    assert set(files["communes.csv"]) == {"file", "date", "rows", "complete", "source", "licence"}
    assert told["versions"] == [{"version": library.current, "in_force": True, "imported": False}]
    shown = run("list", "--data", str(tmp_path)).stdout
    assert f"{library.current}  livrée avec le programme  ← en vigueur" in shown


def test_what_is_lost_must_be_accepted(library: Library, tmp_path: Path, natinf: Path) -> None:
    before = library.current
    refused = imported(tmp_path, natinf)
    assert refused.exit_code == 1
    assert "Ne figurent plus dans le fichier (perte) : 1\n  7  RETRAIT" in refused.stdout
    assert f"Nouveaux : {len(NEW)}" in refused.stdout
    assert "… et 5 de plus (--json les donne tous)" in refused.stdout
    assert "1 perte(s)" in refused.stderr
    assert library.versions() == [before]

    tried = imported(tmp_path, natinf, "--accept-losses", "--dry-run")
    assert tried.exit_code == 0
    assert "rien n’est écrit" in tried.stdout
    assert library.versions() == [before]

    words = ("--accept-losses", "--date", "2026-04-01", "--source", "Liste NATINF d’avril")
    done = imported(tmp_path, natinf, *words)
    assert done.exit_code == 0, done.output
    assert f"Nouvelle version en vigueur : {library.current}" in done.stdout
    told = listed(tmp_path)
    assert [version["imported"] for version in told["versions"]] == [False, True]
    (file,) = (file for file in told["files"] if file["file"] == "natinf.csv")
    assert (file["date"], file["rows"], file["complete"]) == ("2026-04-01", 1034 + len(NEW), True)
    assert file["source"] == "Liste NATINF d’avril"
    assert load(library.path.as_uri()).natinf["90001"].label == "INFRACTION 1"
    assert len(load((library.path / "versions" / before).as_uri()).natinf) == 1035


def test_the_same_file_again_makes_no_version(library: Library, tmp_path: Path, natinf: Path) -> None:
    imported(tmp_path, natinf, "--accept-losses")
    versions = library.versions()
    again = imported(tmp_path, natinf)
    assert again.exit_code == 0
    assert "pas de nouvelle version" in again.stdout
    assert library.versions() == versions


def test_json_gives_every_change(library: Library, tmp_path: Path, natinf: Path) -> None:
    answer = imported(tmp_path, natinf, "--json")
    assert answer.exit_code == 1
    told = json.loads(answer.stdout)
    assert (told["kind"], told["file"], told["from"]) == ("natinf", "natinf.csv", library.current)
    assert (told["version"], told["refused"], told["losses"]) == (None, True, 1)
    assert len(told["changes"]["new"]) == told["counts"]["new"] == len(NEW)
    assert told["changes"]["new"][0] == {"code": "90001", "label": "INFRACTION 1", "from": None, "to": None}
    accepted = json.loads(imported(tmp_path, natinf, "--json", "--accept-losses").stdout)
    assert (accepted["version"], accepted["unchanged"]) == (library.current, False)
    again = json.loads(imported(tmp_path, natinf, "--json").stdout)
    assert (again["version"], again["unchanged"]) == (None, True)


def test_a_broken_file_changes_nothing(library: Library, tmp_path: Path) -> None:
    before = library.current
    broken = a_file(tmp_path / "natinf.csv", NATINF_HEADER, *NEW, encoding="utf-8")
    refused = imported(tmp_path, broken, "--accept-losses")
    assert refused.exit_code == 1
    assert refused.stderr == (
        "Fichier refusé, rien n’est changé. natinf.csv, ligne 1 : mauvais encodage ; "
        "attendu : latin-1 (Windows-1252) ; celui-ci est en UTF-8.\n"
    )
    assert (library.current, library.versions()) == (before, [before])


def test_the_second_import_at_once_is_told(library: Library, tmp_path: Path, natinf: Path) -> None:
    with library.writing():
        told = imported(tmp_path, natinf, "--accept-losses")
    assert told.exit_code == 1
    assert "Un autre import est en cours" in told.stderr


def test_an_earlier_version_is_used_again(library: Library, tmp_path: Path, natinf: Path) -> None:
    before = library.current
    imported(tmp_path, natinf, "--accept-losses")
    assert run("use", before, "--data", str(tmp_path)).exit_code == 0
    assert listed(tmp_path)["version"] == before
    unknown = run("use", "2020-01-01", "--data", str(tmp_path))
    assert unknown.exit_code == 1
    assert "il y a : " in unknown.stderr


def test_a_version_that_cannot_be_read_is_not_used(library: Library, tmp_path: Path, natinf: Path) -> None:
    before = library.current
    imported(tmp_path, natinf, "--accept-losses")
    (library.folder(before) / "nataff.csv").write_text("code\n")
    refused = run("use", before, "--data", str(tmp_path))
    assert refused.exit_code == 1
    assert "nataff.csv" in refused.stderr
    assert library.current != before


def test_what_comes_with_the_program_is_not_edited(natinf: Path) -> None:
    refused = run("import", "natinf", str(natinf), "--reference", default_url(), "--accept-losses")
    assert refused.exit_code == 1
    assert "par --data DIR" in refused.stderr
    tried = run("import", "natinf", str(natinf), "--reference", default_url(), "--accept-losses", "--dry-run")
    assert tried.exit_code == 0


def test_a_new_folder_receives_the_data_of_the_program_then_the_file(tmp_path: Path, natinf: Path) -> None:
    fresh = tmp_path / "données de référence"
    done = run("import", "natinf", str(natinf), "--reference", fresh.as_uri(), "--accept-losses")
    assert done.exit_code == 0, done.output
    assert len(Library(fresh).versions()) == 2
    assert load(fresh.as_uri()).natinf.complete


def test_a_place_that_is_none_is_said(tmp_path: Path, natinf: Path) -> None:
    nowhere = run("list", "--data", str(tmp_path / "nowhere"))
    assert (nowhere.exit_code, "lancez d’abord" in nowhere.stderr) == (1, True)
    wrong = run("list", "--reference", "https://exemple.fr/")
    assert (wrong.exit_code, "file:///dossier" in wrong.stderr) == (2, True)
    absent = run("import", "natinf", str(tmp_path / "absent.csv"), "--reference", default_url(), "--dry-run")
    assert (absent.exit_code, "lecture impossible" in absent.stderr) == (1, True)
    assert run("import", "rien", str(natinf)).exit_code == 2


def test_a_version_that_would_not_hold_together_changes_nothing(library: Library, tmp_path: Path) -> None:
    before = library.current
    # The precincts of an aerodrome name communes that no file has any more.
    exceptions = library.folder(before) / "competence_exceptions.csv"
    exceptions.write_text(exceptions.read_text("utf-8").replace("93073|", "93999|"), "utf-8")
    file = a_file(tmp_path / "nataff.csv", "Code;Libellé", "A;Atteinte")
    refused = run("import", "nataff", str(file), "--data", str(tmp_path), "--accept-losses")
    assert refused.exit_code == 1
    assert "La version ne tiendrait pas ensemble (competence_exceptions.csv, ligne 2, codes_insee)" in refused.stderr
    assert library.current == before


def test_rules_are_kept_aside_tried_on_past_procedures_then_put_in_force(library: Library, tmp_path: Path) -> None:
    first = library.current
    text = (PACKAGED / "rules.toml").read_text("utf-8")
    rules = tmp_path / "rules.toml"
    rules.write_text(text.replace('nataff = ["J"]', 'nataff = ["J1"]').replace('nataff = ["B8"]\n', ""), "utf-8")
    answer = run("import", "rules", str(rules), "--aside", "--json", "--data", str(tmp_path))
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert [change["code"] for change in told["changes"]["changed"]] == ["matters.cyber", "matters.environment"]
    assert library.current == first
    kept = told["version"]
    assert load(library.folder(kept).as_uri()).rules.about((), ("J5", "B8")) == []
    assert run("use", kept, "--data", str(tmp_path)).exit_code == 0
    assert library.current == kept


def test_a_rule_that_is_gone_is_a_loss_and_one_that_cannot_be_applied_is_named(
    library: Library, tmp_path: Path
) -> None:
    text = (PACKAGED / "rules.toml").read_text("utf-8")
    shorter = tmp_path / "rules.toml"
    last = text.index('[[subject]]\nid = "cpp-706-72-1-cyber"')
    family = text[text.index("[matters.cyber]") : text.index("# --- By subject matter")]
    shorter.write_text(text[:last].replace(family, ""), "utf-8")
    refused = run("import", "rules", str(shorter), "--data", str(tmp_path))
    assert (refused.exit_code, "cpp-706-72-1-cyber" in refused.stdout) == (1, True)
    assert "2 perte(s)" in refused.stderr
    assert run("import", "rules", str(shorter), "--accept-losses", "--data", str(tmp_path)).exit_code == 0
    shorter.write_text(text.replace('jurisdiction = "CYBER"', 'jurisdiction = "CYBR"'), "utf-8")
    broken = run("import", "rules", str(shorter), "--data", str(tmp_path))
    assert broken.exit_code == 1
    assert "rules.toml, ligne 2" in broken.stderr
    assert "CYBR is no specialised jurisdiction" in broken.stderr
