"""What was accepted once is answered again under its key, though newer reference data would refuse it."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reference.bundle import PACKAGED
from services.intake.service import build
from tests.services.intake.builders import a_line, a_procedure, numbered
from tests.services.intake.conftest import Intake, Settings, running
from tests.services.issuer import Issuer

# Outside the list: a remark while the list is partial, an error once it is complete.
UNLISTED = ["99999"]


@pytest.fixture(scope="session")
def stricter(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Reference data whose list of offences is complete."""
    folder = shutil.copytree(PACKAGED, tmp_path_factory.mktemp("reference") / "data")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["files"]["natinf.csv"]["complete"] = True
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return Path(folder).as_uri()


@pytest.fixture
async def later(intake: Intake, stricter: str, told: Settings, issuer: Issuer) -> AsyncIterator[Intake]:
    """Another intake on the same database, with the stricter data."""
    settings = told(reference_url=stricter)
    async with running(build(settings), settings, issuer) as one:
        yield one


async def test_the_same_request_gives_its_procedure_as_it_is_now(intake: Intake, later: Intake) -> None:
    made = (await intake.post(a_procedure(natinf=UNLISTED), key="k1")).json()
    await intake.facts_arrive(numbered(made["id"]))
    again = await later.post(a_procedure(natinf=UNLISTED), key="k1")
    assert again.status_code == 202
    shown = again.json()
    assert [shown[name] for name in ("id", "reference", "number")] == [
        made["id"],
        made["reference"],
        "2026-00000042-26",
    ]
    assert (await later.post(a_procedure(natinf=UNLISTED), key="k1", Prefer="wait=5")).status_code == 201
    assert await intake.count("outbox") == 1


async def test_another_request_is_refused_for_its_key_or_for_itself(intake: Intake, later: Intake) -> None:
    await intake.post(a_procedure(natinf=UNLISTED), key="k1")
    assert (await later.post(a_procedure(natinf=["99998"]), key="k1")).status_code == 422
    assert (await later.post(a_procedure(places=[]), key="k1")).status_code == 422
    refused = await later.post(a_procedure(natinf=UNLISTED), key="k2")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/natinf/0")
    assert (await later.post([], key="k1")).status_code == 400
    foreign = intake.issuer.bearer("administration:urssaf")
    assert (await later.post(a_procedure(natinf=UNLISTED), key="k1", **foreign)).status_code == 400
    assert [await intake.count(table) for table in ("procedures", "idempotency_keys")] == [1, 1]


async def test_lines_are_answered_alike(intake: Intake, later: Intake) -> None:
    lines = [a_line(f"k{number}", natinf=UNLISTED, reference=f"R-{number}") for number in range(3)]
    first = await intake.send(lines)
    again = await later.send(
        [
            *lines,
            a_line("k0", natinf=["99998"]),
            a_line("k9", natinf=UNLISTED),
            a_line("k8"),
            a_line("k8", natinf=UNLISTED),
            "{",
        ]
    )
    assert [result["id"] for result in again[:3]] == [result["id"] for result in first]
    assert [result["status"] for result in again] == [202, 202, 202, 422, 400, 202, 400, 400]
    assert again[4]["errors"][0]["pointer"] == "/natinf/0"


async def test_what_has_no_canonical_form_was_never_accepted(intake: Intake) -> None:
    await intake.post(a_procedure(), key="k1")
    assert (await intake.post(a_procedure() | {"x": 2**60}, key="k1")).status_code == 400
