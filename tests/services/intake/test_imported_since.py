"""A running intake checks by the version of the reference data that is in force, without a restart."""

from pathlib import Path

from services.intake.service import build
from tests.processes import until
from tests.reference.official_files import MINISTRY, NATINF_HEADER, a_file, all_offences
from tests.services.imports import a_library, imported, working
from tests.services.intake.builders import a_line, a_procedure
from tests.services.intake.conftest import Intake, Settings, running
from tests.services.issuer import Issuer

UNLISTED = ["99999"]


async def test_a_code_outside_a_list_that_became_complete_is_refused(
    intake: Intake, told: Settings, issuer: Issuer, tmp_path: Path
) -> None:
    library = a_library(tmp_path / "reference")
    settings = told(reference_url=library.path.as_uri())
    async with running(build(settings), settings, issuer) as one, working(one.running):
        before = await one.client.post("/v1/procedures:check", json=a_procedure(natinf=UNLISTED))
        assert before.json()["warnings"][0]["code"] == "unknown-natinf"
        assert (await one.post(a_procedure(natinf=UNLISTED), key="before")).status_code == 202

        file = a_file(tmp_path / "natinf.csv", NATINF_HEADER, *all_offences("99998;Délit;VOL;A;B"), encoding=MINISTRY)
        imported(library, "natinf", file)

        async def refused() -> bool:
            found = (await one.client.post("/v1/procedures:check", json=a_procedure(natinf=UNLISTED))).json()
            return [error["pointer"] for error in found["errors"]] == ["/natinf/0"]

        await until(refused)
        after = await one.post(a_procedure(natinf=UNLISTED), key="after")
        assert (after.status_code, "99998" in after.json()["errors"][0]["suggestions"]) == (400, True)
        (line,) = await one.send([a_line("line", natinf=UNLISTED)])
        assert (line["status"], line["errors"][0]["pointer"]) == (400, "/natinf/0")
        # What was accepted stays accepted under its key.
        assert (await one.post(a_procedure(natinf=UNLISTED), key="before")).status_code == 202
