"""`POST /v1/procedures/{id}/withdrawal`: once a procedure, with a reason that is a code and words that stay here."""

import asyncio
from typing import Any

import pytest

from tests.services.intake.builders import BORDEAUX, a_procedure, closed, delivery_to, numbered, withdrawn
from tests.services.intake.conftest import DREAL, Intake

DUPLICATE = {"reason": "duplicate", "comment": "Voir le dossier de Camille Exemple."}


async def a_dossier(intake: Intake) -> str:
    return str((await intake.post(a_procedure(), key="k1")).json()["id"])


async def test_a_withdrawal_is_kept_and_said_without_its_words(intake: Intake) -> None:
    one = await a_dossier(intake)
    answer = await intake.go_on(one, "withdrawal", DUPLICATE, key="w1")
    assert answer.status_code == 202
    assert (answer.json()["procedure"], answer.json()["status_url"]) == (one, f"/v1/procedures/{one}")
    fact = (await intake.said())[-1]
    assert (fact.type.split(".")[-2], fact.data.reason) == ("withdrawn", "duplicate")
    ((value, headers),) = await intake.rows("SELECT value, headers FROM outbox ORDER BY id DESC LIMIT 1")
    assert "Camille" not in value.decode() + headers


async def test_the_dossier_shows_the_withdrawal_with_its_comment(intake: Intake) -> None:
    one = await a_dossier(intake)
    await intake.facts_arrive(*delivery_to(one))
    await intake.go_on(one, "withdrawal", DUPLICATE, key="w1")
    for organisation in (DREAL, f"tribunal:{BORDEAUX}"):
        shown = (await intake.get(f"/v1/dossiers/{one}", organisation)).json()["withdrawal"]
        assert shown == {"time": "2026-11-23T12:00:00Z", **DUPLICATE}


async def test_a_second_one_under_another_key_is_told_when_the_first_was(intake: Intake) -> None:
    one = await a_dossier(intake)
    first = await intake.go_on(one, "withdrawal", DUPLICATE, key="w1")
    second = await intake.go_on(one, "withdrawal", DUPLICATE, key="w2")
    assert (second.status_code, second.headers["content-type"]) == (409, "application/problem+json")
    assert "le 23/11/2026 à 13:00 (heure de Paris)" in second.json()["detail"]
    again = await intake.go_on(one, "withdrawal", DUPLICATE, key="w1")
    assert (again.status_code, again.json()) == (202, first.json())
    assert (await intake.go_on(one, "withdrawal", {"reason": "other"}, key="w1")).status_code == 422
    assert [await intake.count(table) for table in ("withdrawals", "outbox")] == [1, 2]


async def test_of_two_at_once_one_is_taken(intake: Intake) -> None:
    one = await a_dossier(intake)
    answers = await asyncio.gather(*(intake.go_on(one, "withdrawal", DUPLICATE, key=f"w{n}") for n in range(10)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 9
    assert [await intake.count(table) for table in ("withdrawals", "outbox")] == [1, 2]


async def test_what_is_closed_cannot_be_withdrawn(intake: Intake) -> None:
    one = await a_dossier(intake)
    handed = delivery_to(one)
    await intake.facts_arrive(numbered(one), *handed, *closed(one, handed[1].data.delivery))
    answer = await intake.go_on(one, "withdrawal", DUPLICATE, key="w1")
    assert answer.status_code == 409
    assert "close" in answer.json()["detail"]


async def test_a_withdrawal_that_the_journal_has_is_followed(intake: Intake) -> None:
    one = await a_dossier(intake)
    await intake.go_on(one, "withdrawal", DUPLICATE, key="w1")
    await intake.facts_arrive(withdrawn(one))
    assert [row.status for row in await intake.rows("SELECT status FROM procedures")] == ["withdrawn"]
    assert (await intake.go_on(one, "supplements", {"text": "a"}, key="s1")).status_code == 409
    assert (await intake.go_on(one, "withdrawal", DUPLICATE, key="w2")).status_code == 409


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/reason"]),
        ({"reason": "regret"}, ["/reason"]),
        ({"reason": "other", "comment": "x" * 20_001}, ["/comment"]),
        ({"reason": "other", "comment": "\x1b"}, ["/comment"]),
        ({"reason": "other", "text": "a"}, ["/text"]),
        ([], [""]),
    ],
)
async def test_what_is_wrong_is_told_where_it_stands(intake: Intake, body: Any, pointers: list[str]) -> None:
    answer = await intake.go_on(await a_dossier(intake), "withdrawal", body, key="w1")
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


async def test_a_comment_is_optional(intake: Intake) -> None:
    one = await a_dossier(intake)
    assert (await intake.go_on(one, "withdrawal", {"reason": "settled"}, key="w1")).status_code == 202
    assert (await intake.get(f"/v1/dossiers/{one}", DREAL)).json()["withdrawal"]["comment"] is None
