"""A running routing decides by the version of the reference data that is in force, without a restart."""

from pathlib import Path

from reference.bundle import PACKAGED
from reference.imports.proposal import Present
from services.routing.service import build
from services.routing.settings import RoutingSettings
from tests.processes import until
from tests.reference.official_files import COMPETENCE_HEADER, MINISTRY, a_file, as_published
from tests.services.imports import a_library, imported, working
from tests.services.in_process import InProcess, in_process
from tests.services.issuer import Issuer
from tests.services.routing.conftest import EMPTIED
from tests.services.routing.facts import submitted

LIBOURNE = "100095"


async def test_a_commune_that_changed_court_goes_to_its_new_one(
    routing: InProcess, settings: RoutingSettings, issuer: Issuer, tmp_path: Path
) -> None:
    library = a_library(tmp_path / "reference")
    told = settings.model_copy(update={"reference_url": library.path.as_uri()})
    rows = Present(PACKAGED).rows("competence.csv")
    for row in rows:
        if row["code_insee"] == "33036":
            row["code_tj"] = LIBOURNE
    file = a_file(tmp_path / "competence.csv", COMPETENCE_HEADER, *as_published(rows), encoding=MINISTRY)
    async with in_process(build(told), told, issuer, tables=EMPTIED) as one, working(one.running):
        (before,) = await one.read(submitted(commune="33036"))
        assert (before.data.tribunal, before.data.rule_set) == ("tj33063", library.current)
        version = imported(library, "competence", file)

        async def moved() -> bool:
            return bool((await one.get("/v1/competence", commune="33036")).json()["tribunal"] == "tj33243")

        await until(moved)
        (after,) = await one.read(submitted(commune="33036"))
        assert (after.data.tribunal, after.data.rule_set) == ("tj33243", version)
