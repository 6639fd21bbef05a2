"""The gaps of the territory are counted, by source and by certainty."""

import json

import typer
from typer.testing import CliRunner

from cli.competence import competence
from reference import default_url, load
from reference.coverage import coverage

REFERENCE = load(default_url())
COUNTED = coverage(REFERENCE.law, REFERENCE.communes)
APP = typer.Typer()
APP.command()(competence)


def test_every_commune_is_decided_but_those_that_the_sources_name() -> None:
    assert COUNTED["undecided"] == [{"commune": "98901", "name": "Île de Clipperton"}]
    assert len(COUNTED["asked"]) == 13
    assert COUNTED["decided"] == COUNTED["communes"] - 1 - 13
    assert COUNTED["doubtful"] == ["85001"]
    assert COUNTED["courts"] == 168


def test_each_commune_is_counted_once_under_each_heading() -> None:
    assert sum(COUNTED["by_certainty"].values()) == sum(COUNTED["by_kind"].values()) == COUNTED["communes"]
    assert sum(COUNTED["by_source"].values()) == COUNTED["communes"] - 1
    assert COUNTED["by_certainty"]["sure"] > 34_000


def test_the_command_prints_the_same() -> None:
    said = CliRunner().invoke(APP, ["--coverage", "--json"])
    assert json.loads(said.stdout) == json.loads(json.dumps(COUNTED))
    table = CliRunner().invoke(APP, ["--coverage"]).stdout
    assert "37000 communes sur 37014" in table
    assert "98901 Île de Clipperton" in table
