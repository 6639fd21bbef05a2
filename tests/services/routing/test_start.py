"""Routing reads its reference data when it is built: a broken file stops it then, and no batch waits for it."""

import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from chassis.service import Service
from cli.service import serve
from reference import BrokenReference, default_url
from reference.bundle import PACKAGED
from services.routing.service import build
from services.routing.settings import RoutingSettings
from tests.processes import environment
from tests.services.in_process import NOWHERE, in_process
from tests.services.issuer import Issuer
from tests.services.routing.conftest import EMPTIED
from tests.services.routing.facts import submitted

SETTINGS = RoutingSettings(
    listen=NOWHERE,
    kafka_bootstrap=NOWHERE,
    database_url="postgresql://nobody@127.0.0.1:9/none",
    reference_url=default_url(),
    oidc_issuer=f"http://{NOWHERE}",
    intake_url=f"http://{NOWHERE}",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The reference data, to be broken."""
    return Path(shutil.copytree(PACKAGED, tmp_path / "reference"))


@pytest.mark.parametrize("name", ["communes.csv", "competence.csv", "tribunals.csv", "rules.toml", "specialised.json"])
def test_each_file_that_decides_is_read_at_start(folder: Path, name: str) -> None:
    (folder / name).write_text("broken")
    with pytest.raises(BrokenReference) as refusal:
        build(SETTINGS.model_copy(update={"reference_url": folder.as_uri()}))
    assert refusal.value.file == name


def test_the_command_says_which_file_and_line_and_ends_with_1(folder: Path) -> None:
    courts = (folder / "tribunals.csv").read_text()
    (folder / "tribunals.csv").write_text(courts.replace("tj33063", "33063"))
    told = environment(NOWHERE, SETTINGS.database_url, INFOPARQUET_REFERENCE_URL=folder.as_uri())
    app = typer.Typer()
    app.command()(serve)
    result = CliRunner().invoke(app, ["routing"], env=told)
    assert result.exit_code == 1
    assert "tribunals.csv, ligne " in result.stderr
    assert "code_judilibre" in result.stderr
    assert "Traceback" not in result.output


async def test_no_batch_reads_the_reference_data_any_more(
    folder: Path, settings: RoutingSettings, service: Service, issuer: Issuer
) -> None:
    told = settings.model_copy(update={"reference_url": folder.as_uri()})
    built = build(told)
    shutil.rmtree(folder)
    async with in_process(built, told, issuer, tables=EMPTIED) as routing:
        (said,) = await routing.read(submitted(commune="33063"))
        assert said.data.tribunal == "tj33063"
        assert (await routing.get("/v1/competence", commune="33603")).json()["errors"][0]["suggestions"]
