"""What a service cannot work without is named, with why, for as long as it is missing."""

import httpx
import pytest
from sqlalchemy.engine import make_url

from chassis.database import expected_schema, open_engine
from chassis.errors import Unavailable
from chassis.migration import migrate
from chassis.readiness import Readiness, database_check
from chassis.service import Running
from services.numbering.service import build
from services.numbering.settings import NumberingSettings
from tests.chassis.issuer import serving
from tests.conftest import Databases
from tests.processes import ROOT

NOBODY = "127.0.0.1:9"
HISTORY = ROOT / "services" / "numbering" / "migrations"
HEAD = expected_schema(HISTORY)


def settings(*, database: str, issuer: str) -> NumberingSettings:
    return NumberingSettings(
        listen="127.0.0.1:1",
        kafka_bootstrap=NOBODY,
        database_url=database,
        reference_url="file:///nowhere",
        oidc_issuer=issuer,
    )


async def missing(told: NumberingSettings) -> dict[str, str]:
    """What `/readyz` says is missing."""
    running = Running(build(told), told)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(running.app), base_url="http://tests") as client:
        answer = await client.get("/readyz")
        alive = await client.get("/healthz")
    await running.probe.close()
    await running.engine.dispose()
    assert alive.status_code == 200, "a service that waits is alive"
    assert answer.status_code == (503 if answer.json().get("missing") else 200)
    found: dict[str, str] = answer.json().get("missing", {})
    return found


async def test_everything_that_does_not_answer_is_named() -> None:
    found = await missing(settings(database=f"postgresql://a:b@{NOBODY}/c", issuer=f"http://{NOBODY}"))
    assert set(found) == {"database", "kafka", "issuer", "consumer"}
    assert (found["database"], found["kafka"]) == ("ne répond pas", "kafka ne répond pas")
    assert found["issuer"] == "issuer ne répond pas"


async def test_what_answers_is_not_named(databases: Databases) -> None:
    url = await databases("numbering")
    await migrate(url, HISTORY)
    with serving() as issuer:
        assert set(await missing(settings(database=url, issuer=issuer.url))) == {"kafka", "consumer"}


async def test_a_database_that_refuses_us_is_named(databases: Databases) -> None:
    url = make_url(await databases("numbering")).set(username="somebody")
    found = await missing(settings(database=url.render_as_string(hide_password=False), issuer=f"http://{NOBODY}"))
    assert found["database"] == "ne répond pas"


@pytest.mark.parametrize(
    ("migrated", "expected", "said"),
    [
        (False, "0001", "schéma absent, 0001 attendu : lancer « infoparquet migrate »"),
        (True, "9999", f"schéma {HEAD}, 9999 attendu : lancer « infoparquet migrate »"),
        (True, HEAD, None),
        (True, "0001", None),
    ],
    ids=["never migrated", "older than the code", "as the code wants it", "newer than the code"],
)
async def test_a_schema_that_is_too_old_says_what_to_do(
    databases: Databases, migrated: bool, expected: str, said: str | None
) -> None:
    url = await databases("numbering")
    if migrated:
        await migrate(url, HISTORY)
    engine = open_engine(url, name="tests", connections=1)
    assert await database_check(engine, expected)() == said
    await engine.dispose()


async def test_one_check_that_fails_hides_no_other() -> None:
    async def down() -> str | None:
        dependency = "elsewhere"
        raise Unavailable(dependency)

    async def refused() -> str | None:
        raise ConnectionRefusedError

    async def waits() -> str | None:
        return "attend"

    async def well() -> str | None:
        return None

    faults = await Readiness({"a": down, "b": refused, "c": waits, "d": well}).faults()
    assert faults == {"a": "elsewhere ne répond pas", "b": "ne répond pas", "c": "attend"}
