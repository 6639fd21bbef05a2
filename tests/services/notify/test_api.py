"""What was sent about a procedure, to those who may know, and another chance for what was given up."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest

from chassis.marks import write_mark
from tests.builders import NOON, a_submission, an_event
from tests.services.in_process import InProcess
from tests.services.notify import facts
from tests.services.notify.conftest import ALIX, DREAL, World

OTHER = "administration:urssaf-idf"


async def a_failed_one(world: World) -> UUID:
    """A procedure whose mail was refused, with its address."""
    one = await world.submitted()
    await world.notify.read(facts.numbered(one))
    world.smtp.faults["RCPT"] = ["550 5.1.1 no such user"]
    async with world.at_work():
        await world.until_states("failed")
    return one


async def retry(notify: InProcess, delivery: object, organisation: str = "operator") -> httpx.Response:
    headers = notify.issuer.bearer(organisation)
    return await notify.http.post(f"/v1/deliveries/{delivery}/retry", headers=headers)


@pytest.mark.parametrize("organisation", ["operator", DREAL])
async def test_deliveries_are_shown_without_the_address(world: World, organisation: str) -> None:
    one = await a_failed_one(world)
    answer = await world.notify.get("/v1/deliveries", organisation, procedure=one)
    assert answer.status_code == 200
    (shown,) = answer.json()["deliveries"]
    told = {name: shown[name] for name in ("procedure", "fact", "channel", "recipient", "state", "tries", "failure")}
    assert told == {
        "procedure": str(one),
        "fact": "numbered",
        "channel": "mail",
        "recipient": DREAL,
        "state": "failed",
        "tries": 1,
        "failure": "address-refused",
    }
    assert "@" not in answer.text
    assert ALIX["name"] not in answer.text


async def test_another_s_procedure_is_as_unknown_as_one_that_does_not_exist(world: World) -> None:
    one = await world.submitted()
    asked = [world.notify.get("/v1/deliveries", OTHER, procedure=which) for which in (one, uuid4())]
    answers = await asyncio.gather(*asked)
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


async def test_what_was_just_submitted_is_waited_for(world: World) -> None:
    one = uuid4()
    asking = asyncio.create_task(world.notify.get("/v1/deliveries", DREAL, procedure=one))
    await world.notify.read(an_event(a_submission(), subject=one))
    assert (await asking).json() == {"deliveries": []}


@pytest.mark.parametrize("organisation", ["tribunal:tj33063", "service:query"])
async def test_courts_and_services_have_no_access(world: World, organisation: str) -> None:
    assert (await world.notify.get("/v1/deliveries", organisation, procedure=uuid4())).status_code == 403


@pytest.mark.parametrize("organisation", [DREAL, "tribunal:tj33063", "service:query"])
async def test_only_operators_try_again(world: World, organisation: str) -> None:
    assert (await retry(world.notify, uuid4(), organisation)).status_code == 403


async def test_a_failed_mail_is_tried_again_and_says_that_it_arrived(world: World) -> None:
    one = await a_failed_one(world)
    ((delivery,),) = await world.notify.rows("SELECT id FROM deliveries")
    async with world.at_work():
        answer = await retry(world.notify, delivery)
        assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
        await world.until_states("sent")
    assert [said.data.fact for said in await world.said()] == ["notification-failed", "notified"]
    assert {said.subject for said in await world.said()} == {one}


async def test_a_failure_is_said_once_however_often_it_is_tried_again(world: World) -> None:
    await a_failed_one(world)
    ((delivery,),) = await world.notify.rows("SELECT id FROM deliveries")
    for count in (2, 3):
        world.pass_time(60)
        world.smtp.faults["RCPT"] = ["550 5.1.1 no such user"]
        await retry(world.notify, delivery)
        async with world.at_work():
            await world.until_states("failed")
        assert await world.rows() == [("failed", count, "address-refused")]
    assert len(await world.said()) == 1


async def test_what_was_given_up_is_listed_page_by_page(world: World) -> None:
    ones = [await world.submitted() for _ in range(3)]
    await world.notify.read(*map(facts.numbered, ones))
    world.smtp.faults["RCPT"] = ["550 5.1.1 no such user"] * 3
    async with world.at_work():
        await world.until_states("failed", "failed", "failed")
    assert (await world.notify.get("/v1/failed-deliveries")).json()["next"] is None
    found: list[tuple[str, str]] = []
    cursor: dict[str, str] = {}
    for _ in ones:
        page = (await world.notify.get("/v1/failed-deliveries", limit=1, **cursor)).json()
        found += [(one["procedure"], one["state"]) for one in page["deliveries"]]
        cursor = {"cursor": page["next"]}
    assert sorted(found) == sorted((str(one), "failed") for one in ones)
    assert cursor == {"cursor": None}


@pytest.mark.parametrize("cursor", ["x", write_mark((NOON, "x"))])
async def test_another_cursor_is_refused(world: World, cursor: str) -> None:
    answer = await world.notify.get("/v1/failed-deliveries", cursor=cursor)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/cursor")


@pytest.mark.parametrize("organisation", [DREAL, "tribunal:tj33063", "service:query"])
async def test_only_operators_see_all_that_was_given_up(world: World, organisation: str) -> None:
    assert (await world.notify.get("/v1/failed-deliveries", organisation)).status_code == 403


async def test_a_mail_that_has_not_failed_is_not_tried_again(world: World) -> None:
    one = await world.submitted()
    await world.notify.read(facts.numbered(one))
    ((delivery,),) = await world.notify.rows("SELECT id FROM deliveries")
    answer = await retry(world.notify, delivery)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "not-failed")
    assert (await retry(world.notify, uuid4())).status_code == 404
    assert (await retry(world.notify, "x")).status_code == 400
