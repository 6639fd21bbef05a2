"""The database dies in the middle: what was answered is there, the rest is a 503, and sending again mends it."""

from collections.abc import AsyncIterator

from chassis.migration import migrate
from chassis.service import Service
from deploy.local.postgres import Postgres
from tests.services.intake.builders import a_line, a_procedure
from tests.services.intake.conftest import MIGRATIONS, Intake, Settings, running
from tests.services.issuer import Issuer


async def killed_after(intake: Intake, server: Postgres, first: str, second: str) -> AsyncIterator[bytes]:
    yield first.encode() + b"\n"
    await intake.procedures(2)
    await server.kill()
    yield second.encode()


async def test_what_was_answered_survives_and_sending_again_mends_the_rest(
    mortal_postgres: Postgres, service: Service, told: Settings, issuer: Issuer
) -> None:
    url = await mortal_postgres.create_database("intake")
    await migrate(url, MIGRATIONS)
    async with running(service, told(database_url=url), issuer) as intake:
        posted = await intake.post(a_procedure(), key="k0")
        cut = await intake.client.post(
            "/v1/procedures:batch",
            content=killed_after(intake, mortal_postgres, a_line("k1"), a_line("k2")),
            headers={"Content-Type": "application/x-ndjson"},
        )
        down = await intake.post(a_procedure(), key="k3")
        assert [answer.status_code for answer in (posted, cut, down)] == [202, 503, 503]
        assert "renvoyez le même fichier" in cut.json()["detail"]
        assert all("Retry-After" in answer.headers for answer in (cut, down))

        await mortal_postgres.start()
        again = await intake.post(a_procedure(), key="k0")
        assert again.json()["id"] == posted.json()["id"]
        assert [result["status"] for result in await intake.send([a_line("k1"), a_line("k2")])] == [202, 202]
        assert [await intake.count(table) for table in ("procedures", "dossiers", "outbox")] == [3, 3, 3]
