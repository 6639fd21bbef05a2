"""Replies over HTTP: what a court may answer, once under one key, and who reads its words."""

import asyncio
from typing import Any

import httpx
import pytest
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Withdrawn
from sqlalchemy import text

from chassis.clock import new_id
from tests.builders import an_event
from tests.services.in_process import InProcess
from tests.services.routing.facts import a_reply, delivered, handed_over, submitted

COURT, OTHER = "tribunal:tj33063", "tribunal:tj75056"
OWNER = "administration:dreal-33"
WORDS = "Il manque la signature de l’agent."
ASKED: dict[str, Any] = {"fact": "supplement-requested", "missing": ["signature"], "text": WORDS}


async def answered(routing: InProcess, delivery: Event[Any], body: Any = None, **more: Any) -> httpx.Response:
    """What a court's POST about a delivery is answered."""
    given: dict[str, Any] = {"organisation": COURT} | more
    return await routing.post(f"/v1/procedures/{delivery.subject}/replies", body or {"fact": "acknowledged"}, **given)


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return sorted(error["pointer"] for error in answer.json()["errors"])


async def said_of(routing: InProcess, delivery: Event[Any]) -> list[str]:
    """What waits for the relay about its procedure, after the delivery."""
    kinds = [event.data.fact for _, event in await routing.said() if event.subject == delivery.subject]
    return kinds[kinds.index("delivery") + 1 :]


@pytest.mark.parametrize(
    ("before", "body"),
    [
        ([], {"fact": "acknowledged"}),
        ([], {"fact": "registered", "parquet_number": "26327000045"}),
        ([], {"fact": "supplement-requested", "missing": ["signature", "place"]}),
        ([], {"fact": "declined", "reason": "other-matter"}),
        (["registered"], {"fact": "assigned", "section": "ECO2"}),
        (["registered"], {"fact": "decided", "orientation": "dismissal", "ground": "no-offence"}),
        (["registered"], {"fact": "closed"}),
    ],
    ids=lambda given: given["fact"] if isinstance(given, dict) else "",
)
async def test_every_reply_is_accepted_and_becomes_its_fact(
    routing: InProcess, before: list[str], body: dict[str, Any]
) -> None:
    delivery = await handed_over(routing)
    await routing.read_replies("tj33063", *(a_reply(delivery, fact) for fact in before))
    answer = await answered(routing, delivery, body)
    assert answer.status_code == 202
    shown = answer.json()
    assert shown == {"id": shown["id"], "procedure": str(delivery.subject), "fact": body["fact"]}
    assert (await said_of(routing, delivery))[len(before)] == body["fact"]
    kept = {str(one): outcome for one, outcome in await routing.rows("SELECT id, outcome FROM replies")}
    assert kept[shown["id"]] == "taken"


async def test_the_words_are_in_no_event(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    assert (await answered(routing, delivery, ASKED)).status_code == 202
    ((value,),) = await routing.rows("SELECT convert_from(value, 'UTF8') FROM outbox ORDER BY id DESC LIMIT 1")
    assert "supplement" not in value
    assert "agent" not in value
    assert await routing.rows("SELECT words FROM replies") == [(WORDS,)]


async def test_the_same_request_again_is_the_same_reply(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    first = await answered(routing, delivery, ASKED, key="k1")
    again = await answered(routing, delivery, dict(reversed(ASKED.items())), key="k1")
    assert (again.status_code, again.json()) == (202, first.json())
    assert await said_of(routing, delivery) == ["supplement-requested"]


async def test_another_body_under_the_same_key_is_refused(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    await answered(routing, delivery, ASKED, key="k1")
    assert kind(await answered(routing, delivery, ASKED | {"text": "autre"}, key="k1")) == (
        422,
        "idempotency-key-reused",
    )


async def test_a_refusal_is_not_kept_under_its_key(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    assert kind(await answered(routing, delivery, {"fact": "closed"}, key="k1")) == (409, "out-of-turn")
    assert (await answered(routing, delivery, key="k1")).status_code == 202


async def test_a_key_that_another_transaction_holds_is_in_flight(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    hold = text("INSERT INTO idempotency_keys VALUES (:who, :path, 'k1', '\\x00', gen_random_uuid(), now())")
    async with routing.running.engine.connect() as other:
        await other.execute(hold, {"who": COURT, "path": f"/v1/procedures/{delivery.subject}/replies"})
        assert kind(await answered(routing, delivery, key="k1")) == (409, "idempotency-key-in-flight")
        await other.rollback()
    assert (await answered(routing, delivery, key="k1")).status_code == 202


async def test_a_key_is_required(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    path = f"/v1/procedures/{delivery.subject}/replies"
    answer = await routing.http.post(path, json={"fact": "closed"}, headers=routing.issuer.bearer(COURT))
    assert kind(answer) == (400, "idempotency-key-missing")


async def test_two_requests_at_once_make_one_fact(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    answers = await asyncio.gather(*(answered(routing, delivery) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    assert await said_of(routing, delivery) == ["acknowledged"]


async def test_twenty_of_one_key_at_once_make_one_reply(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    answers = await asyncio.gather(*(answered(routing, delivery, key="k1") for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
    assert await said_of(routing, delivery) == ["acknowledged"]


async def test_anothers_procedure_is_answered_as_one_that_does_not_exist(routing: InProcess) -> None:
    delivery, undelivered = await handed_over(routing), submitted()
    await routing.read(undelivered)
    path = "/v1/procedures/{}/replies"
    answers = [
        await routing.post(path.format(one), {"fact": "acknowledged"}, OTHER)
        for one in (delivery.subject, undelivered.subject, new_id())
    ]
    assert {kind(answer) for answer in answers} == {(404, "unknown-procedure")}
    assert len({str(answer.json() | {"instance": ""}) for answer in answers}) == 1
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ["/fact"]),
        ({"fact": "lost"}, ["/fact"]),
        ({"fact": ["acknowledged"]}, ["/fact"]),
        ({"fact": "acknowledged", "at": "hier"}, ["/at"]),
        ({"fact": "acknowledged", "delivery": "la première"}, ["/delivery"]),
        ({"fact": "acknowledged", "delivery": None}, ["/delivery"]),
        ({"fact": "acknowledged", "procedure": "0192f0c1-0000-7000-8000-000000000000"}, ["/procedure"]),
        ({"fact": "acknowledged", "clerk": "M. Dupont"}, ["/clerk"]),
        ({"fact": "registered"}, ["/parquet_number"]),
        ({"fact": "registered", "parquet_number": "affaire Dupont"}, ["/parquet_number"]),
        ({"fact": "supplement-requested", "missing": []}, ["/missing"]),
        ({"fact": "supplement-requested", "missing": ["signature", "tout"]}, ["/missing/1"]),
        ({"fact": "declined", "reason": "non", "competent": ["tj75056", "Paris"]}, ["/competent/1", "/reason"]),
        ({"fact": "assigned", "section": "M. le procureur"}, ["/section"]),
        ({"fact": "decided", "orientation": "dismissal"}, ["/ground"]),
        ({"fact": "decided", "orientation": "prosecution", "ground": "no-offence"}, ["/ground"]),
        ({"fact": "closed", "text": 7}, ["/text"]),
        ({"fact": "closed", "text": "x" * 20_001}, ["/text"]),
        ({"fact": "closed", "text": "cloche\u0007"}, ["/text"]),
        ({"fact": "closed", "at": "hier", "text": "cloche\u0007"}, ["/at", "/text"]),
    ],
)
async def test_what_is_wrong_is_named_field_by_field(
    routing: InProcess, body: dict[str, Any], expected: list[str]
) -> None:
    delivery = await handed_over(routing)
    answer = await routing.post(f"/v1/procedures/{delivery.subject}/replies", body, COURT)
    assert kind(answer) == (400, "invalid-reply")
    assert pointers(answer) == expected
    assert "Dupont" not in answer.text
    assert await said_of(routing, delivery) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'"acknowledged"',
        b'{"fact": NaN}',
        b'{"fact": "closed", "at": 9007199254740993}',
        b'{"fact": "closed", "text": "\\ud800"}',
        b'{"fact": "closed", "x": 1e999}',
        b"\xff",
    ],
)
async def test_a_body_that_is_no_object_that_can_be_exchanged_is_a_400(routing: InProcess, body: bytes) -> None:
    delivery = await handed_over(routing)
    headers = routing.issuer.bearer(COURT) | {"Idempotency-Key": "k1", "Content-Type": "application/json"}
    answer = await routing.http.post(f"/v1/procedures/{delivery.subject}/replies", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_ten_megabytes_are_refused(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    answer = await answered(routing, delivery, {"fact": "acknowledged", "text": "x" * 10_000_000})
    assert kind(answer) == (413, "too-large")
    assert (await answered(routing, delivery)).status_code == 202


async def test_what_is_out_of_turn_says_what_is_possible(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    answer = await answered(routing, delivery, {"fact": "closed"})
    assert kind(answer) == (409, "out-of-turn")
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/fact"
    assert error["suggestions"] == ["acknowledged", "registered", "supplement-requested", "declined"]


async def test_a_reply_to_another_delivery_is_a_conflict(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    answer = await answered(routing, delivery, {"fact": "acknowledged", "delivery": str(new_id())})
    assert (kind(answer), pointers(answer)) == ((409, "other-delivery"), ["/delivery"])
    assert "dans l’état « Remise au tribunal »" in answer.json()["detail"]


@pytest.mark.parametrize("named", [(), ("tj75056",)], ids=["nobody's", "another's"])
async def test_a_court_that_declined_has_nothing_left_to_answer(routing: InProcess, named: tuple[str, ...]) -> None:
    delivery = await handed_over(routing)
    body = {"fact": "declined", "reason": "other-territory", "competent": list(named)}
    assert (await answered(routing, delivery, body)).status_code == 202
    answer = await answered(routing, delivery)
    assert (kind(answer), pointers(answer)) == ((409, "other-delivery"), ["/delivery"])


async def test_a_reply_waits_for_the_receipt(routing: InProcess) -> None:
    delivery = await handed_over(routing, received=False)
    early = asyncio.create_task(answered(routing, delivery))
    # It is looked at before the receipt is read.
    assert await routing.read(an_event(submitted().data)) != []
    await routing.read(delivered(delivery))
    assert (await early).status_code == 202
    assert await said_of(routing, delivery) == ["acknowledged"]


async def test_a_reply_that_waits_for_the_receipt_learns_of_the_withdrawal(routing: InProcess) -> None:
    delivery = await handed_over(routing, received=False)
    early = asyncio.create_task(answered(routing, delivery))
    await routing.read(an_event(Withdrawn(reason="duplicate"), subject=delivery.subject))
    assert kind(await early) == (409, "other-delivery")


@pytest.mark.parametrize(
    ("organisation", "roles", "expected"),
    [
        (COURT, ["clerk"], 202),
        (COURT, ["prosecutor"], 202),
        (COURT, ["agent", "operator"], 403),
        (COURT, [], 403),
        (OWNER, ["clerk"], 403),
        ("operator", ["operator", "clerk"], 403),
        ("service:notify", ["service"], 403),
    ],
)
async def test_only_a_courts_clerks_and_prosecutors_reply(
    routing: InProcess, organisation: str, roles: list[str], expected: int
) -> None:
    delivery = await handed_over(routing)
    answer = await answered(routing, delivery, organisation=organisation, roles=roles)
    assert answer.status_code == expected


async def asked(routing: InProcess) -> tuple[Event[Any], str]:
    """A court asks in words; the delivery, and where the words are."""
    delivery = await handed_over(routing)
    answer = await answered(routing, delivery, ASKED)
    return delivery, f"/v1/replies/{answer.json()['id']}"


@pytest.mark.parametrize("organisation", [OWNER, COURT])
async def test_words_are_read_by_the_administration_and_the_court(routing: InProcess, organisation: str) -> None:
    delivery, path = await asked(routing)
    answer = await routing.get(path, organisation)
    assert answer.json() == {
        "id": path.rpartition("/")[2],
        "procedure": str(delivery.subject),
        "tribunal": "tj33063",
        "fact": "supplement-requested",
        "at": "2026-11-23T12:00:00Z",
        "text": WORDS,
    }


async def test_words_are_nothing_to_others(routing: InProcess) -> None:
    delivery, path = await asked(routing)
    silent = (await answered(routing, delivery, {"fact": "acknowledged"})).json()["id"]
    there = [await routing.get(path, one) for one in ("administration:dreal-64", OTHER)]
    nowhere = [await routing.get(f"/v1/replies/{one}", OWNER) for one in (silent, new_id())]
    for answer in (*there, *nowhere):
        assert kind(answer) == (404, "unknown-reply")
        assert answer.json() | {"instance": ""} == there[0].json() | {"instance": ""}
    for organisation in ("operator", "service:notify"):
        assert (await routing.get(path, organisation)).status_code == 403
    for organisation in (OWNER, COURT):
        none = routing.issuer.bearer(organisation, [])
        assert (await routing.http.get(path, headers=none)).status_code == 403
    assert (await routing.http.get(path)).status_code == 401


async def test_the_next_court_reads_what_the_one_before_wrote_and_not_the_other_way(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    body = {"fact": "declined", "reason": "other-territory", "competent": ["tj75056"], "text": WORDS}
    declined = (await answered(routing, delivery, body)).json()["id"]
    *_, fact, _, routed, handed = [event for _, event in await routing.said()]
    await routing.read(fact, routed, delivered(handed))
    assert (await routing.get(f"/v1/replies/{declined}", OTHER)).json()["text"] == WORDS
    assert (await routing.get(f"/v1/replies/{declined}", COURT)).json()["text"] == WORDS
    later = (await answered(routing, delivery, ASKED, organisation=OTHER)).json()["id"]
    assert (await routing.get(f"/v1/replies/{later}", COURT)).status_code == 404
