"""`infoparquet token`: what it writes is a token that services accept, checked against a real issuer's keys."""

import os
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from chassis.identity import Identity
from cli.token import token
from deploy.local.data_folder import DataFolder
from deploy.local.folders import fresh_folder
from deploy.local.http_process import HttpProcess
from deploy.local.ports import free_ports
from deploy.local.run_file import write_run_file

APP = typer.Typer()
APP.command()(token)


@dataclass
class System:
    """A data folder in which a system runs, and its issuer."""

    data: Path
    issuer: str

    def token(self, *arguments: str) -> Result:
        return CliRunner().invoke(APP, ["--data", str(self.data), *arguments])


@pytest.fixture
async def system() -> AsyncIterator[System]:
    """As far as tokens are concerned: the issuer's process, the folder held, the run file."""
    data = fresh_folder()
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "deploy.local.issuer", "--data", str(data / "issuer"), "--port", str(port)]
    issuer = HttpProcess("issuer", command, url=url, log=data / "issuer.log", environment=os.environ)
    folder = DataFolder(data)
    await folder.hold()
    async with issuer:
        write_run_file(data, {"pid": os.getpid(), "issuer": url})
        yield System(data, url)
    folder.release()
    shutil.rmtree(data, ignore_errors=True)


async def test_the_token_is_one_that_services_accept(system: System) -> None:
    result = system.token("--organisation", "tribunal:tj33063", "--role", "clerk")
    assert (result.exit_code, result.stderr) == (0, "")
    (line,) = result.stdout.splitlines()
    caller = await Identity(system.issuer, "infoparquet").caller(line)
    assert (caller.organisation, caller.roles) == ("tribunal:tj33063", frozenset({"clerk"}))


async def test_without_a_role_it_has_all_those_of_the_organisation(system: System) -> None:
    made = system.token("--organisation", "administration:dreal-33").stdout.strip()
    assert (await Identity(system.issuer, "infoparquet").caller(made)).roles == {"agent", "manager"}


async def test_what_cannot_be_in_a_token_is_wrong_use_that_shows_an_example(system: System) -> None:
    for wrong in (
        ("--organisation", "tj33063"),
        ("--organisation", "tribunal:tj33063", "--role", "agent"),
        ("--organisation", "service:none"),
    ):
        result = system.token(*wrong)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "Par exemple" in result.stderr


async def test_the_organisation_must_be_said(system: System) -> None:
    assert system.token().exit_code == 2


def test_without_a_running_system_there_is_no_token_and_nothing_is_made() -> None:
    data = fresh_folder()
    result = System(data, "").token("--organisation", "operator")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "infoparquet up" in result.stderr
    assert list(data.iterdir()) == []
    data.rmdir()
