"""The command line as a whole: what interfaces promise is there, and a service loads no more than it needs."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cli.main import COMMANDS, assemble
from tests.processes import ROOT


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603 - our own words


@pytest.mark.parametrize("name", COMMANDS)
def test_every_subcommand_explains_itself(name: str) -> None:
    shown = CliRunner().invoke(assemble([name]), [name, "--help"], prog_name="infoparquet")
    assert shown.exit_code == 0, shown.output
    assert f"infoparquet {name}" in shown.output


def test_the_program_names_each_of_them() -> None:
    shown = run("--help")
    assert shown.returncode == 0, shown.stderr
    assert all(f" {name} " in shown.stdout for name in COMMANDS)


def test_a_word_that_is_no_subcommand_is_wrong_use() -> None:
    assert run("servir").returncode == 2


def test_serving_without_settings_names_each_of_them() -> None:
    refused = run("serve", "query")
    assert refused.returncode == 1
    for name in ("LISTEN", "KAFKA_BOOTSTRAP", "DATABASE_URL", "REFERENCE_URL", "OIDC_ISSUER"):
        assert f"INFOPARQUET_{name} est absente ; exemple" in refused.stderr


def test_serving_loads_nothing_of_the_local_stack() -> None:
    loaded = "import sys; from cli.main import assemble; assemble(['serve']); print([*sys.modules])"
    command = [sys.executable, "-c", loaded]
    modules = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout  # noqa: S603 - as above
    assert "'cli.service'" in modules
    assert "deploy.local" not in modules
    assert "'alembic" not in modules
