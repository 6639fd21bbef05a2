"""A running notify names courts as the version that is in force does, without a restart."""

from pathlib import Path

from tests.processes import until
from tests.services.imports import a_library, renamed, working
from tests.services.issuer import Issuer
from tests.services.notify import facts
from tests.services.notify.conftest import Intake, Told, a_world
from tests.services.notify.smtp import Server


async def test_mails_name_a_court_that_changed_name_by_it(
    told_notify: Told, issuer: Issuer, intake: Intake, smtp: Server, tmp_path: Path
) -> None:
    library = a_library(tmp_path / "reference")
    settings = told_notify(
        intake_url=intake.url, smtp_url=f"smtp://127.0.0.1:{smtp.port}", reference_url=library.path.as_uri()
    )
    renamed(library, tmp_path / "renamed", "tj33063", "Tribunal judiciaire de la Garonne")
    async with a_world(settings, issuer, intake, smtp) as world, working(world.notify.running):
        renamed(library, tmp_path / "again", "tj33063", "Tribunal judiciaire du Fleuve")

        async def named() -> bool:
            """Whether the newest mail about a procedure that was taken in has the newest name."""
            one = await world.submitted()
            count = len(smtp.received) + 2
            await world.notify.read(*facts.handed_over(one), facts.acknowledged(one))

            async def received() -> bool:
                return len(smtp.received) >= count

            await until(received)
            return any("tribunal judiciaire du Fleuve" in str(mail.message) for mail in smtp.received[-2:])

        await until(named)
