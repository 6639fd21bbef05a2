"""The same key again: the same procedure, whatever is concurrent, and never two."""

import asyncio
import json
from collections import Counter

from sqlalchemy import text

from tests.services.intake.builders import a_line, a_procedure, numbered
from tests.services.intake.conftest import Intake


async def test_the_same_request_again_gives_the_same_procedure(intake: Intake) -> None:
    first = await intake.post(a_procedure(), key="k1")
    again = await intake.post(a_procedure(), key="k1")
    assert (again.status_code, again.json()) == (202, first.json())
    assert [await intake.count(table) for table in ("procedures", "dossiers", "outbox")] == [1, 1, 1]


async def test_the_same_request_again_shows_the_procedure_as_it_is_now(intake: Intake) -> None:
    made = (await intake.post(a_procedure(), key="k1")).json()
    await intake.facts_arrive(numbered(made["id"]))
    again = await intake.post(a_procedure(), key="k1")
    assert (again.status_code, again.json()["number"]) == (202, "2026-00000042-26")
    waited = await intake.post(a_procedure(), key="k1", Prefer="wait=5")
    assert (waited.status_code, waited.json()["number"]) == (201, "2026-00000042-26")


async def test_the_body_is_compared_in_its_canonical_form(intake: Intake) -> None:
    first = await intake.post(a_procedure(), key="k1")
    turned = json.dumps(dict(reversed(a_procedure().items())), indent=3, ensure_ascii=True)
    headers = {"Idempotency-Key": "k1", "Content-Type": "application/json; charset=utf-8"}
    again = await intake.client.post("/v1/procedures", content=turned, headers=headers)
    assert again.json() == first.json()


async def test_another_body_under_the_same_key_is_refused(intake: Intake) -> None:
    await intake.post(a_procedure(), key="k1")
    answer = await intake.post(a_procedure(comment="autre"), key="k1")
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/idempotency-key-reused")
    assert await intake.count("procedures") == 1


async def test_a_refusal_is_not_kept(intake: Intake) -> None:
    assert (await intake.post(a_procedure(places=[]), key="k1")).status_code == 400
    assert (await intake.post(a_procedure(), key="k1")).status_code == 202


async def test_another_organisation_has_its_own_keys(intake: Intake) -> None:
    first = await intake.post(a_procedure(), key="k1")
    other = await intake.post(a_procedure(), key="k1", **intake.issuer.bearer("administration:urssaf-75"))
    assert other.status_code == 202
    assert other.json()["id"] != first.json()["id"]


async def test_twenty_at_once_make_one_procedure(intake: Intake) -> None:
    answers = await asyncio.gather(*(intake.post(a_procedure(), key="k1") for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
    assert [await intake.count(table) for table in ("procedures", "outbox")] == [1, 1]


async def test_a_key_held_by_another_transaction_is_in_flight(intake: Intake) -> None:
    async with intake.running.engine.connect() as other:
        await other.execute(_HOLD, {"key": "k1"})
        answer = await intake.post(a_procedure(), key="k1")
        assert answer.status_code == 409
        assert answer.headers["Retry-After"] == "1"
        await other.rollback()
    assert (await intake.post(a_procedure(), key="k1")).status_code == 202


async def test_a_line_in_flight_costs_itself_alone(intake: Intake) -> None:
    async with intake.running.engine.connect() as other:
        await other.execute(_HOLD, {"key": "k2"})
        results = await intake.send([a_line(f"k{number}") for number in range(1, 5)])
        await other.rollback()
    assert [result["status"] for result in results] == [202, 409, 202, 202]


async def test_the_header_and_the_lines_share_one_key_space(intake: Intake) -> None:
    posted = (await intake.post(a_procedure(), key="k1")).json()
    same, other = await intake.send([a_line("k1"), a_line("k1", comment="autre")])
    assert (same["status"], same["id"]) == (202, posted["id"])
    assert other["status"] == 422


async def test_the_same_file_sent_twice_at_once_makes_nothing_twice(intake: Intake) -> None:
    lines = [a_line(f"k{number}") for number in range(300)]
    one, two = await asyncio.gather(intake.send(lines), intake.send(lines[::-1]))
    assert Counter(result["status"] for result in one + two)[202] >= 300
    assert await intake.count("procedures") == 300
    settled = await intake.send(lines)
    assert {result["status"] for result in settled} == {202}
    assert len({result["id"] for result in settled}) == 300


_HOLD = text("""
    INSERT INTO idempotency_keys VALUES
        ('administration:dreal-33', '/v1/procedures', :key, '\\x00', gen_random_uuid(), now())
""")
