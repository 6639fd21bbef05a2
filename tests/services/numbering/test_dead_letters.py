"""`/v1/dead-letters` of a service: what operators see of what it could not handle, and what they decide."""

import base64
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from infoparquet_contracts.envelope import Event, encode
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import text

from chassis.clock import new_id
from chassis.outbox import to_journal
from chassis.problems import PROBLEM_BASE
from services.numbering.allocation import written
from tests.builders import NOON, a_submission, an_event
from tests.services.in_process import InProcess

NOBODYS = "01a20d59-6c18-7686-b0a5-7600e7b99ba0"
HOUR = NOON.isoformat().replace("+00:00", "Z")


@pytest.fixture
async def letter(numbering: InProcess) -> Event[Any]:
    """A procedure of 2031 that can be given no number, since somebody has its first; two facts wait behind it."""
    taken = "INSERT INTO numbers VALUES (:id, :number, 2031, 1, 'local', 'dreal-33', now())"
    await do(numbering, taken, id=new_id(), number=written(2031, 1))
    at_fault = an_event(a_submission(at=datetime(2031, 5, 1, tzinfo=UTC)))
    await numbering.read(at_fault, *(an_event(a_submission(), subject=at_fault.subject) for _ in range(2)))
    return at_fault


async def do(numbering: InProcess, statement: str, **values: Any) -> None:
    async with numbering.running.engine.begin() as connection:
        await connection.execute(text(statement), values)


async def post(numbering: InProcess, path: str, body: Any = None, organisation: str = "operator") -> httpx.Response:
    return await numbering.http.post(
        f"/v1/dead-letters/{path}", json=body, headers=numbering.issuer.bearer(organisation)
    )


async def listed(numbering: InProcess, **parameters: Any) -> list[dict[str, Any]]:
    answer = await numbering.get("/v1/dead-letters", **parameters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["dead_letters"]
    return found


async def id_of(numbering: InProcess) -> str:
    (one,) = await listed(numbering)
    return str(one["id"])


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix(PROBLEM_BASE)


async def test_the_list_says_what_failed_why_where_it_came_from_and_how_much_waits(
    numbering: InProcess, letter: Event[Any]
) -> None:
    (one,) = await listed(numbering)
    assert UUID(one.pop("id"))
    assert one == {
        "kind": "record",
        "state": "open",
        "code": "database-refused",
        "reason": "Donnée refusée par la base",
        "cause": None,
        "pointer": "",
        "topic": JOURNAL.name,
        "partition": 0,
        "offset": 1,
        "type": letter.type,
        "procedure": str(letter.subject),
        "at": HOUR,
        "tries": 1,
        "parked": 2,
        "closed_at": None,
        "discarded": False,
    }


async def test_one_letter_is_shown_with_its_bytes(numbering: InProcess, letter: Event[Any]) -> None:
    shown = (await numbering.get(f"/v1/dead-letters/{await id_of(numbering)}")).json()
    record = encode(letter)
    assert base64.b64decode(shown["value"]) == record.value
    assert shown["value_text"] == record.value.decode()
    assert base64.b64decode(shown["key"]) == record.key
    assert [(one["name"], base64.b64decode(one["value"])) for one in shown["headers"]] == list(record.headers)
    assert shown["decisions"] == []


async def test_bytes_that_are_no_text_are_shown_all_the_same(numbering: InProcess, letter: Event[Any]) -> None:
    await do(
        numbering,
        r"""UPDATE dead_letters SET key = NULL, value = '\xff00', headers = '[["\udcff\ud83d\ude00", null]]'""",
    )
    shown = (await numbering.get(f"/v1/dead-letters/{await id_of(numbering)}")).json()
    assert (shown["key"], shown["value"], shown["value_text"], shown["procedure"]) == (None, "/wA=", None, None)
    assert shown["headers"] == [{"name": "�😀", "value": None}]


async def test_after_the_fix_a_replay_gives_the_number_and_goes_on(numbering: InProcess, letter: Event[Any]) -> None:
    name = await id_of(numbering)
    await do(numbering, "DELETE FROM numbers")
    answer = await post(numbering, f"{name}/replay")
    assert (answer.status_code, answer.json()) == (200, {"id": name, "released": 2, "parked": 0, "behind": None})
    assert await numbering.rows("SELECT number FROM numbers") == [(written(2031, 1),)]
    assert await numbering.rows("SELECT count(*) FROM outbox WHERE topic = 'infoparquet.procedures.v1'") == [(1,)]
    assert await listed(numbering) == []
    (closed,) = await listed(numbering, state="closed")
    assert (closed["id"], closed["state"], closed["closed_at"]) == (name, "closed", HOUR)


async def test_a_replay_that_fails_says_why_and_is_audited(numbering: InProcess, letter: Event[Any]) -> None:
    name = await id_of(numbering)
    answer = await post(numbering, f"{name}/replay")
    assert kind(answer) == (409, "dead-letter-fails")
    assert "Donnée refusée par la base (database-refused)" in answer.json()["detail"]
    assert answer.json()["errors"] == [{"pointer": "", "detail": "Donnée refusée par la base (database-refused)"}]
    shown = (await numbering.get(f"/v1/dead-letters/{name}")).json()
    assert (shown["state"], shown["tries"], shown["parked"]) == ("open", 2, 2)
    assert shown["decisions"] == [
        {
            "action": "replay",
            "organisation": "operator",
            "subject": "agent-7",
            "reason": None,
            "at": HOUR,
            "outcome": "failed",
        }
    ]


async def test_a_discard_needs_a_reason_and_lets_the_others_go(numbering: InProcess, letter: Event[Any]) -> None:
    name = await id_of(numbering)
    for reason in ({}, {"reason": " "}, {"reason": "x" * 501}, {"reason": "a\0b"}, {"reason": "a", "more": 1}):
        assert (await post(numbering, f"{name}/discard", reason)).status_code == 400
    answer = await post(numbering, f"{name}/discard", {"reason": " saisie deux fois "})
    assert answer.json() == {"id": name, "released": 2, "parked": 0, "behind": None}
    again = await post(numbering, f"{name}/replay")
    assert kind(again) == (409, "dead-letter-closed")
    assert "par agent-7 (operator), le 23/11/2026 à 13:00" in again.json()["detail"]
    (decided,) = (await numbering.get(f"/v1/dead-letters/{name}")).json()["decisions"]
    assert (decided["action"], decided["reason"]) == ("discard", "saisie deux fois")


async def test_only_operators_in_that_role_see_or_decide(numbering: InProcess, letter: Event[Any]) -> None:
    name = await id_of(numbering)
    for organisation in ("administration:dreal-33", "tribunal:tj33063", "service:query"):
        for path in ("", f"/{name}"):
            assert kind(await numbering.get(f"/v1/dead-letters{path}", organisation)) == (403, "wrong-organisation")
        assert (await post(numbering, f"{name}/replay", organisation=organisation)).status_code == 403
        assert (await post(numbering, f"{name}/discard", {"reason": "x"}, organisation)).status_code == 403
    bearer = numbering.issuer.bearer("operator", roles=["agent"])
    assert kind(await numbering.http.get("/v1/dead-letters", headers=bearer)) == (403, "wrong-role")


@pytest.mark.parametrize("name", [NOBODYS, "outbox-1", "outbox-9999999999999999999", "outbox-٣", "x", "%00"])
async def test_what_is_not_there_is_a_404(numbering: InProcess, name: str) -> None:
    assert kind(await numbering.get(f"/v1/dead-letters/{name}")) == (404, "unknown-dead-letter")
    assert kind(await post(numbering, f"{name}/replay")) == (404, "unknown-dead-letter")
    assert kind(await post(numbering, f"{name}/discard", {"reason": "x"})) == (404, "unknown-dead-letter")


async def refused_rows(numbering: InProcess, count: int) -> list[Event[Any]]:
    """So many rows that the broker refused, with one behind each."""
    events = [an_event(a_submission()) for _ in range(count)]
    async with numbering.running.transactions.begin() as transaction:
        for one in events:
            transaction.say(to_journal(one, an_event(a_submission(), subject=one.subject)))
    refuse = "UPDATE outbox SET refusal = 'MessageSizeTooLargeError' WHERE id % 2 = (SELECT min(id) % 2 FROM outbox)"
    await do(numbering, refuse)
    return events


async def test_a_row_that_the_broker_refused_stands_in_the_list(numbering: InProcess) -> None:
    (event,) = await refused_rows(numbering, 1)
    (one,) = await listed(numbering)
    shown = {name: one[name] for name in ("kind", "code", "reason", "cause", "topic", "procedure", "parked", "type")}
    assert shown == {
        "kind": "outbox",
        "code": "broker-refused",
        "reason": "Message refusé par le bus",
        "cause": "MessageSizeTooLargeError",
        "topic": JOURNAL.name,
        "procedure": str(event.subject),
        "parked": 1,
        "type": event.type,
    }
    whole = (await numbering.get(f"/v1/dead-letters/{one['id']}")).json()
    assert base64.b64decode(whole["value"]) == encode(event).value


async def test_a_refused_row_is_tried_again_or_deleted_and_the_rows_behind_it_go(numbering: InProcess) -> None:
    await refused_rows(numbering, 2)
    first, second = [one["id"] for one in await listed(numbering)]
    assert (await post(numbering, f"{first}/replay")).json() == {
        "id": first, "released": 1, "parked": 0, "behind": None,
    }  # fmt: skip
    assert (await post(numbering, f"{second}/discard", {"reason": "trop grand"})).json()["released"] == 1
    assert await listed(numbering) == []
    assert await numbering.rows("SELECT count(*), count(refusal) FROM outbox") == [(3, 0)]
    for name in (first, second):
        assert kind(await post(numbering, f"{name}/replay")) == (409, "dead-letter-closed")
    gone = (await numbering.get(f"/v1/dead-letters/{second}")).json()
    assert (gone["state"], gone["decisions"][0]["reason"]) == ("closed", "trop grand")


async def test_pages_follow_each_other_oldest_first_without_hole_or_repetition(numbering: InProcess) -> None:
    await refused_rows(numbering, 3)
    letter = """INSERT INTO dead_letters (id, topic, partition, "offset", headers, received_at, code, pointer, parks)
                VALUES (:id, 't', 0, :place, '[]', :at, 'not-json', '', false)"""
    for place in range(4):
        await do(numbering, letter, id=new_id(), place=place, at=datetime(2026, 1, 1 + place // 2, tzinfo=UTC))
    whole = [one["id"] for one in await listed(numbering)]
    found, cursor = [], None
    while True:
        parameters: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await numbering.get("/v1/dead-letters", **parameters)).json()
        assert len(page["dead_letters"]) <= 2
        found += [one["id"] for one in page["dead_letters"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == whole
    assert len(set(found)) == 7
    assert [one["id"] for one in await listed(numbering, prefix="outbox-")] == whole[4:]


@pytest.mark.parametrize("cursor", ["x", "é", "W10", "bnVsbA", "WyIyMDI2LTAxLTAxIiwgIngiXQ"])
async def test_another_cursor_than_ours_is_refused(numbering: InProcess, cursor: str) -> None:
    assert (await numbering.get("/v1/dead-letters", cursor=cursor)).status_code == 400
