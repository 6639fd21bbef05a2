"""A running query shows courts by the names of the version that is in force, without a restart."""

from pathlib import Path

from services.query.service import build
from services.query.settings import QuerySettings
from tests.contracts.builders import BORDEAUX
from tests.processes import until
from tests.services.imports import a_library, renamed, working
from tests.services.in_process import InProcess, in_process, told
from tests.services.issuer import Issuer
from tests.services.query.histories import said, until_delivery


async def test_a_court_that_changed_name_is_shown_by_it(
    query: InProcess, migrated: str, issuer: Issuer, tmp_path: Path
) -> None:
    library = a_library(tmp_path / "reference")
    settings = QuerySettings(**told(migrated, issuer), reference_url=library.path.as_uri())
    service = build(settings)
    async with (
        in_process(service, settings, issuer, tables="procedures, timeline, figures, feed") as one,
        working(one.running),
    ):
        events = said(*until_delivery())
        await one.read(*events)

        async def shown() -> str:
            return str((await one.get(f"/v1/procedures/{events[0].subject}")).json()["tribunal_name"])

        assert await shown() == "Tribunal judiciaire de Bordeaux"
        renamed(library, tmp_path / "renamed", BORDEAUX, "Tribunal judiciaire de la Garonne")

        async def known() -> bool:
            return await shown() == "Tribunal judiciaire de la Garonne"

        await until(known)
