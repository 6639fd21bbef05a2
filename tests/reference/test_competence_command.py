"""`infoparquet competence`: the reference data alone, the shape of the API, the exit codes agreed."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cli.competence import competence

APP = typer.Typer()
APP.command("competence")(competence)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(APP, list(arguments))


def test_the_json_is_one_document_and_nothing_else() -> None:
    result = run("--commune", "33063", "--natinf", "1508", "--nataff", "H1", "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert (answer["tribunal"], answer["rule"], answer["rule_set"]) == ("tj33063", "cpp-43-facts", "2026-11-24")
    assert result.stderr == ""


def test_an_offence_outside_our_partial_lists_is_a_warning_beside_the_answer() -> None:
    result = run("--commune", "33063", "--natinf", "22587", "--nataff", "I51", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["tribunal"] == "tj33063"
    assert "NATINF 22587" in result.stderr
    assert "NATAFF I51" in result.stderr


def test_several_communes_are_places_of_the_facts_in_their_order() -> None:
    answer = json.loads(run("--commune", "69123", "--commune", "33063", "--json").stdout)
    assert (answer["tribunal"], answer["candidates"][0]["tribunal"]) == ("tj69123", "tj33063")


def test_without_json_the_answer_is_a_sentence() -> None:
    result = run("--commune", "33063")
    assert result.stdout.startswith("tj33063  Tribunal judiciaire de Bordeaux")
    assert "article 43 du code de procédure pénale" in result.stdout


def test_a_commune_without_a_court_is_an_answer_too() -> None:
    result = run("--commune", "98901", "--json")
    assert (result.exit_code, json.loads(result.stdout)["reason"]) == (0, "commune-without-court")


def test_an_unknown_commune_is_wrong_use_and_the_nearest_are_proposed() -> None:
    result = run("--commune", "33603", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "33063 Bordeaux (Gironde)" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [(), ("--commune", "33063", "--natinf", "12x"), ("--commune", "33063", "--nataff", "j2"), ("--on", "soon")],
)
def test_wrong_use_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_broken_reference_data_ends_with_1_and_says_where(folder: Path) -> None:
    (folder / "tribunals.csv").unlink()
    result = run("--commune", "33063", "--reference", folder.as_uri())
    assert result.exit_code == 1
    assert "tribunals.csv" in result.stderr


def test_the_reference_data_may_come_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFOPARQUET_REFERENCE_URL", folder.as_uri())
    assert run("--commune", "33063").exit_code == 0
    assert run("--commune", "35288").exit_code == 2
