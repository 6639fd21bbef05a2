"""Every database dies in the middle: each service says so and when to come again, and nothing is lost."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from chassis.errors import is_unavailable
from chassis.migration import migrate
from deploy.local.postgres import Postgres
from tests.answers.mails import Mailroom
from tests.answers.test_any_sequence import BODY, DREAL
from tests.answers.world import SERVICES, World, build_all, open_world
from tests.services.issuer import Issuer

# Of each service what its callers ask, and of all of them what operators do.
OWN = {
    "intake": {"/v1/dossiers/{id}": DREAL, "/v1/lost-dossiers": DREAL},
    "numbering": {"/v1/numbers/2026-00000001-00": "operator"},
    "routing": {"/v1/unroutable": "operator", "/v1/replies/{id}": "tribunal:tj33063", "/v1/cases": "operator"},
    "notify": {"/v1/deliveries?procedure={id}": "operator", "/v1/failed-deliveries": "operator"},
    "query": {"/v1/procedures": DREAL, "/v1/procedures/{id}": DREAL},
}
COMMON = {"/v1/dead-letters": "operator", "/v1/reconciliation": "operator"}


@pytest_asyncio.fixture
async def world(mortal_postgres: Postgres, issuer: Issuer, mailroom: Mailroom) -> AsyncIterator[World]:
    """The five on it."""
    urls = {name: await mortal_postgres.create_database(f"infoparquet_{name}") for name in SERVICES}
    for name, part in SERVICES.items():
        await migrate(urls[name], part.migrations)
    async with open_world(build_all(urls, issuer, **mailroom.settings), issuer) as one:
        yield one


async def refusals(world: World, procedure: str) -> list[tuple[int, str]]:
    """What those are answered who would change something."""
    posted = [
        ("intake", "/v1/procedures", DREAL, BODY),
        ("intake", f"/v1/procedures/{procedure}/supplements", DREAL, {"text": "Suite."}),
        ("routing", f"/v1/procedures/{procedure}/assignment", "operator", {"tribunal": "tj33063", "reason": "Accord."}),
        ("routing", "/v1/tribunals/tj33063/redelivery", "operator", {"from": "2026-11-01"}),
        ("notify", f"/v1/deliveries/{uuid4()}/retry", "operator", None),
    ]
    answers = [await world.services[name].post(path, body, organisation) for name, path, organisation, body in posted]
    return [(one.status_code, one.json()["type"].rpartition("/")[2]) for one in answers]


async def test_each_service_answers_503_and_what_was_under_way_goes_on_afterwards(
    mortal_postgres: Postgres, world: World
) -> None:
    answer = await world.post("intake", "/v1/procedures", DREAL, "k1", BODY)
    assert answer.status_code == 202
    procedure = answer.json()["id"]
    await world.relay("intake")

    await mortal_postgres.kill()
    for name, service in world.services.items():
        for path, organisation in (OWN[name] | COMMON).items():
            headers = service.issuer.bearer(organisation)
            down = await service.http.get(path.format(id=procedure), headers=headers)
            problem = down.json()
            assert (down.status_code, problem["type"].rpartition("/")[2]) == (503, "unavailable"), (name, path, problem)
            assert int(down.headers["retry-after"]) > 0
        with pytest.raises(Exception) as failure:  # noqa: PT011 - whatever it is, it must be one that is waited for
            await world.read(name, 10)
        assert is_unavailable(failure.value), name
    assert await refusals(world, procedure) == [(503, "unavailable")] * 5

    await mortal_postgres.start()
    again = await world.post("intake", "/v1/procedures", DREAL, "k1", BODY)
    assert (again.status_code, again.json()["id"]) == (202, procedure)
    await world.rest()
    shown = (await world.services["query"].get(f"/v1/procedures/{procedure}", DREAL)).json()
    assert shown["status"] == "delivered"
    assert [one["fact"] for one in shown["timeline"]].count("numbered") == 1
