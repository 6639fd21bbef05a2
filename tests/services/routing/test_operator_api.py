"""Operators over HTTP: the queue with its history, the decision, and telling a court again."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Supplemented, Withdrawn
from infoparquet_contracts.topics import tribunal_topic

from chassis.clock import new_id
from tests.builders import NOON, an_event
from tests.services.in_process import InProcess
from tests.services.routing.facts import a_reply, delivered, handed_over, numbered, submitted

BORDEAUX, PARIS, LYON = "tj33063", "tj75056", "tj69123"
REASON = "Les faits relèvent de Lyon, où siège la société."


async def assigned(routing: InProcess, procedure: Any, tribunal: str = LYON, **more: Any) -> httpx.Response:
    body = {"tribunal": tribunal, "reason": REASON} | more.pop("body", {})
    given: dict[str, Any] = {"organisation": "operator"} | more
    return await routing.post(f"/v1/procedures/{procedure}/assignment", body, **given)


async def again(routing: InProcess, code: str = BORDEAUX, day: Any = "2026-11-23", **more: Any) -> httpx.Response:
    given: dict[str, Any] = {"organisation": "operator"} | more
    return await routing.post(f"/v1/tribunals/{code}/redelivery", {"from": day}, **given)


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def pointers(answer: httpx.Response) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


async def waiting(routing: InProcess) -> Event[Any]:
    """A numbered procedure that no rule decides, all of which came back; returns its submission."""
    fact = submitted(commune=None)
    unroutable, *_ = await routing.read(fact, numbered(fact))
    await routing.read(unroutable)
    return fact


async def declined_twice(routing: InProcess) -> Event[Any]:
    """Declined by Bordeaux, then by Paris, a minute apart; returns the first delivery."""
    delivery = await handed_over(routing)
    declined, _, routed, second = await routing.read_replies(BORDEAUX, a_reply(delivery, "declined", competent=[PARIS]))
    later(routing, 1)
    await routing.read(declined, routed, delivered(second))
    body = {"fact": "declined", "reason": "other", "text": "Pas ici."}
    answer = await routing.post(f"/v1/procedures/{delivery.subject}/replies", body, f"tribunal:{PARIS}")
    assert answer.status_code == 202
    return delivery


def later(routing: InProcess, minutes: int) -> None:
    routing.running.transactions.clock = lambda: NOON + timedelta(minutes=minutes)


async def queue(routing: InProcess) -> list[dict[str, Any]]:
    answer = (await routing.get("/v1/unroutable")).json()
    return list(answer["procedures"])


async def test_an_operators_decision_is_said_and_the_procedure_delivered(routing: InProcess) -> None:
    fact = await waiting(routing)
    answer = await assigned(routing, fact.subject)
    assert answer.status_code == 202
    shown = answer.json()
    assert shown == {"id": shown["id"], "procedure": str(fact.subject), "tribunal": LYON}
    *_, (_, routed), (topic, delivery) = await routing.said()
    assert (routed.data.tribunal, routed.data.rule) == (LYON, "operator-assignment")
    assert (topic, delivery.data.fact, delivery.data.number) == (
        tribunal_topic(LYON).name,
        "delivery",
        "2026-00000042-26",
    )
    assert REASON not in str(routed) + str(delivery)
    assert await routing.rows("SELECT tribunal, reason, subject FROM assignments") == [(LYON, REASON, "agent-7")]
    assert await queue(routing) == []


async def test_without_its_number_it_is_decided_and_delivered_when_the_number_comes(routing: InProcess) -> None:
    fact = submitted(commune=None)
    await routing.read(fact)
    assert (await assigned(routing, fact.subject)).status_code == 202
    assert [event.data.fact for event in await routing.read(numbered(fact))] == ["delivery"]


async def test_the_same_decision_again_is_the_same_and_another_under_its_key_is_refused(routing: InProcess) -> None:
    fact = await waiting(routing)
    first = await assigned(routing, fact.subject, key="k1")
    count = len(await routing.said())
    same = await assigned(routing, fact.subject, key="k1")
    assert (same.status_code, same.json()) == (202, first.json())
    assert kind(await assigned(routing, fact.subject, PARIS, key="k1")) == (422, "idempotency-key-reused")
    assert kind(await assigned(routing, fact.subject, key="k2")) == (409, "not-waiting")
    assert len(await routing.said()) == count


async def test_two_decisions_at_once_make_one(routing: InProcess) -> None:
    fact = await waiting(routing)
    answers = await asyncio.gather(*(assigned(routing, fact.subject, one) for one in (LYON, PARIS)))
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    assert await routing.rows("SELECT count(*) FROM deliveries") == [(1,)]


async def test_only_what_waits_is_assigned(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    assert kind(await assigned(routing, delivery.subject)) == (409, "not-waiting")
    fact = await waiting(routing)
    await routing.read(an_event(Withdrawn(reason="duplicate"), subject=fact.subject))
    assert kind(await assigned(routing, fact.subject)) == (409, "not-waiting")
    assert await queue(routing) == []
    assert kind(await assigned(routing, new_id())) == (404, "unknown-procedure")


@pytest.mark.parametrize("court", [BORDEAUX, PARIS])
async def test_a_court_that_declined_is_never_assigned(routing: InProcess, court: str) -> None:
    delivery = await declined_twice(routing)
    answer = await assigned(routing, delivery.subject, court)
    assert (kind(answer), pointers(answer)) == ((409, "declined-before"), ["/tribunal"])
    assert (await assigned(routing, delivery.subject, LYON)).status_code == 202


async def test_the_queue_shows_who_declined_and_who_assigned(routing: InProcess) -> None:
    delivery = await declined_twice(routing)
    (one,) = await queue(routing)
    assert (one["id"], one["number"], one["reason"]) == (str(delivery.subject), "2026-00000042-26", "declined-twice")
    assert one["since"] == "2026-11-23T12:01:00Z"
    assert one["declined_by"] == [BORDEAUX, PARIS]
    first = {"reason": "other-territory", "competent": [PARIS], "text": None}
    second = {"reason": "other", "competent": [], "text": "Pas ici."}
    history = [
        {"step": "declined", "tribunal": BORDEAUX, "at": "2026-11-23T12:00:00Z"} | first,
        {"step": "declined", "tribunal": PARIS, "at": "2026-11-23T12:01:00Z"} | second,
    ]
    assert one["history"] == history
    later(routing, 2)
    await assigned(routing, delivery.subject, LYON)
    said = [event for _, event in await routing.said()]
    await routing.read(*[one for one in said if one.data.fact in ("declined", "unroutable", "routed")])
    await routing.read(delivered(said[-1]))
    later(routing, 3)
    await routing.read_replies(LYON, a_reply(said[-1], "declined"))
    (back,) = await queue(routing)
    steps = [(step["step"], step["tribunal"]) for step in back["history"]]
    assert steps == [("declined", BORDEAUX), ("declined", PARIS), ("assigned", LYON), ("declined", LYON)]
    assert back["history"][2] == {
        "step": "assigned",
        "tribunal": LYON,
        "at": "2026-11-23T12:02:00Z",
        "reason": REASON,
        "by": "agent-7",
    }


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"tribunal": "tj69132"}, "/tribunal"),
        ({"tribunal": "x" * 33}, "/tribunal"),
        ({"tribunal": None}, "/tribunal"),
        ({"reason": ""}, "/reason"),
        ({"reason": "x" * 20_001}, "/reason"),
        ({"reason": "cloche\u0007"}, "/reason"),
        ({"by": "moi"}, "/by"),
    ],
)
async def test_what_is_wrong_with_a_decision_is_named(routing: InProcess, body: dict[str, Any], pointer: str) -> None:
    fact = await waiting(routing)
    answer = await assigned(routing, fact.subject, body=body)
    assert (answer.status_code, pointers(answer)) == (400, [pointer])
    assert len(await queue(routing)) == 1


async def test_what_a_court_was_told_is_told_again_to_the_letter_and_in_order(routing: InProcess) -> None:
    first, second = await handed_over(routing), await handed_over(routing)
    for one in (second, first):
        data = Supplemented(supplement=new_id(), documents=(), words=None)
        await routing.read(an_event(data, subject=one.subject))
    await routing.read(an_event(Withdrawn(reason="duplicate"), subject=second.subject))
    await handed_over(routing, commune="75056")
    stood = "SELECT key, value, headers FROM outbox WHERE topic LIKE '%tj33063.v1' ORDER BY id"
    before = await routing.rows(stood)
    assert len(before) == 5
    answer = await again(routing)
    assert (answer.status_code, answer.json()) == (202, {"tribunal": BORDEAUX, "from": "2026-11-23", "messages": 5})
    assert await routing.rows(stood) == before * 2
    # The journal has its receipts, and is told no second ones.
    assert await routing.rows("SELECT count(*) FROM outbox WHERE receipted") == [(3,)]


async def test_a_redelivery_begins_with_its_day_in_paris(routing: InProcess) -> None:
    for minutes in (0, 11 * 60, 11 * 60 - 1):
        later(routing, minutes)
        await handed_over(routing)
    # 11 pm in UTC is midnight in Paris, in winter.
    assert (await again(routing, day="2026-11-24")).json()["messages"] == 1
    assert (await again(routing, day="2026-11-23")).json()["messages"] == 3
    assert (await again(routing, day="2026-11-25")).json()["messages"] == 0
    assert (await again(routing, PARIS)).json()["messages"] == 0


async def test_a_redelivery_of_nobody_or_of_no_day_is_refused(routing: InProcess) -> None:
    assert kind(await again(routing, "tj33036")) == (404, "unknown-tribunal")
    for day in ("hier", None, 7.5, "2026-13-01"):
        answer = await again(routing, day=day)
        assert (answer.status_code, pointers(answer)) == (400, ["/from"])


@pytest.mark.parametrize(
    ("organisation", "roles"),
    [
        ("administration:dreal-33", None),
        (f"tribunal:{LYON}", None),
        ("service:intake", None),
        ("operator", ["agent"]),
        ("operator", []),
    ],
)
async def test_only_operators_decide_and_deliver_again(
    routing: InProcess, organisation: str, roles: list[str] | None
) -> None:
    fact = await waiting(routing)
    caller: dict[str, Any] = {"organisation": organisation, "roles": roles}
    assert (await assigned(routing, fact.subject, **caller)).status_code == 403
    assert (await again(routing, **caller)).status_code == 403
    headers = routing.issuer.bearer(organisation, roles)
    assert (await routing.http.get("/v1/unroutable", headers=headers)).status_code == 403
    assert len(await queue(routing)) == 1
