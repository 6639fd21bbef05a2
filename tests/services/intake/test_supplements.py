"""`POST /v1/procedures/{id}/supplements`: what is added, who may add it, until when, and never twice."""

import asyncio
import time
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.intake import additions_store
from services.intake.additions import MOST_SUPPLEMENTS
from tests.services.intake.builders import BORDEAUX, NOON, a_procedure, closed, delivery_to, withdrawn
from tests.services.intake.conftest import DREAL, Intake

COURT = f"tribunal:{BORDEAUX}"
NOWHERE = "0192f0c1-0000-7000-8000-000000000000"
WORDS = {"text": "Le laboratoire a rendu ses analyses."}


async def a_dossier(intake: Intake) -> str:
    return str((await intake.post(a_procedure(), key="k1")).json()["id"])


async def test_a_supplement_is_kept_and_said_before_the_answer(intake: Intake) -> None:
    one = await a_dossier(intake)
    answer = await intake.go_on(one, "supplements", WORDS, key="s1")
    assert answer.status_code == 202
    made = answer.json()
    assert made == {"id": made["id"], "procedure": one, "status_url": f"/v1/procedures/{one}"}
    assert answer.headers["Location"] == made["status_url"]
    assert UUID(made["id"]).version == 7
    fact = (await intake.said())[-1]
    assert (fact.type.split(".")[-2], str(fact.subject)) == ("supplemented", one)
    assert (str(fact.data.supplement), fact.data.documents, fact.data.words) == (made["id"], (), UUID(made["id"]))


async def test_words_stay_out_of_the_outbox(intake: Intake) -> None:
    one = await a_dossier(intake)
    await intake.go_on(one, "supplements", WORDS, key="s1")
    rows = await intake.rows("SELECT value, headers FROM outbox")
    assert not any("laboratoire" in row.value.decode() + row.headers for row in rows)


async def test_the_dossier_shows_them_in_the_order_they_came(intake: Intake) -> None:
    one = await a_dossier(intake)
    texts = ["Premier.", "Deuxième.\nSur deux lignes.", "Troisième."]
    made = [
        (await intake.go_on(one, "supplements", {"text": words}, key=f"s{number}")).json()["id"]
        for number, words in enumerate(texts)
    ]
    await intake.facts_arrive(*delivery_to(one))
    for organisation in (DREAL, COURT):
        dossier = (await intake.get(f"/v1/dossiers/{one}", organisation)).json()
        assert [(added["id"], added["text"]) for added in dossier["supplements"]] == list(zip(made, texts, strict=True))
        assert {added["time"] for added in dossier["supplements"]} == {NOON.isoformat().replace("+00:00", "Z")}
        assert dossier["withdrawal"] is None
    readings = await intake.rows("SELECT organisation FROM dossier_readings ORDER BY id")
    assert [row.organisation for row in readings] == [DREAL, COURT]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/text"]),
        ({"text": " \n", "documents": []}, ["/text"]),
        ({"text": None}, ["/text"]),
        ({"documents": [NOWHERE]}, ["/documents/0"]),
        ({"text": "a", "documents": [NOWHERE, NOWHERE]}, ["/documents/0", "/documents/1"]),
        ({"text": "x" * 20_001}, ["/text"]),
        ({"text": "a\x00b"}, ["/text"]),
        ({"text": ["a"]}, ["/text"]),
        ({"text": "a", "comment": "b"}, ["/comment"]),
        ({"text": "a", "documents": [NOWHERE] * 201}, ["/documents"]),
        ([], [""]),
        ("a", [""]),
    ],
)
async def test_what_is_wrong_is_told_where_it_stands(intake: Intake, body: Any, pointers: list[str]) -> None:
    answer = await intake.go_on(await a_dossier(intake), "supplements", body, key="s1")
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert await intake.count("supplements") == 0


async def test_a_body_above_the_limit_or_of_another_type_is_refused(intake: Intake) -> None:
    one = await a_dossier(intake)
    assert (await intake.go_on(one, "supplements", {"text": "x" * 2**20}, key="s1")).status_code == 413
    path, headers = f"/v1/procedures/{one}/supplements", {"Idempotency-Key": "s1"}
    assert (await intake.client.post(path, data=WORDS, headers=headers)).status_code == 415
    assert (await intake.client.post(path, json=WORDS)).status_code == 400


async def test_the_same_request_again_gives_the_same_supplement(intake: Intake) -> None:
    one = await a_dossier(intake)
    first, again = [await intake.go_on(one, "supplements", WORDS, key="s1") for _ in range(2)]
    turned = await intake.go_on(one.upper(), "supplements", {"documents": [], **WORDS}, key="s1")
    assert (again.status_code, again.json()) == (202, first.json())
    assert turned.status_code == 422
    assert [await intake.count(table) for table in ("supplements", "outbox")] == [1, 2]


async def test_a_path_has_its_own_keys(intake: Intake) -> None:
    one = await a_dossier(intake)
    other = str((await intake.post(a_procedure(), key="k2")).json()["id"])
    made = {(await intake.go_on(each, "supplements", WORDS, key="k1")).json()["id"] for each in (one, other)}
    assert len(made) == 2


async def test_an_accepted_supplement_is_answered_again_after_the_end(intake: Intake) -> None:
    one = await a_dossier(intake)
    first = await intake.go_on(one, "supplements", WORDS, key="s1")
    handed = delivery_to(one)
    await intake.facts_arrive(*handed, *closed(one, handed[1].data.delivery))
    assert (await intake.go_on(one, "supplements", WORDS, key="s1")).json() == first.json()
    late = await intake.go_on(one, "supplements", WORDS, key="s2")
    assert (late.status_code, late.json()["title"]) == (409, "Conflit avec l’état présent")
    assert "close" in late.json()["detail"]
    # Refusals are not kept.
    assert (await intake.go_on(one, "supplements", {}, key="s2")).status_code == 400


async def test_a_refused_body_under_a_known_key_contradicts_it(intake: Intake) -> None:
    one = await a_dossier(intake)
    await intake.go_on(one, "supplements", WORDS, key="s1")
    assert (await intake.go_on(one, "supplements", {}, key="s1")).status_code == 422


async def test_a_key_held_by_another_transaction_is_in_flight(intake: Intake) -> None:
    one = await a_dossier(intake)
    async with intake.running.engine.connect() as other:
        path = f"/v1/procedures/{one}/supplements"
        await other.execute(_HOLD, {"path": path})
        assert (await intake.go_on(one, "supplements", WORDS, key="s1")).status_code == 409
        await other.rollback()
    assert (await intake.go_on(one, "supplements", WORDS, key="s1")).status_code == 202


async def test_twenty_at_once_under_one_key_make_one_supplement(intake: Intake) -> None:
    one = await a_dossier(intake)
    answers = await asyncio.gather(*(intake.go_on(one, "supplements", WORDS, key="s1") for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
    assert [await intake.count(table) for table in ("supplements", "outbox")] == [1, 2]


async def test_the_outbox_has_them_in_the_order_of_the_dossier(intake: Intake) -> None:
    one = await a_dossier(intake)
    await asyncio.gather(*(intake.go_on(one, "supplements", WORDS, key=f"s{number}") for number in range(20)))
    said = [str(fact.data.supplement) for fact in (await intake.said())[1:]]
    dossier = (await intake.get(f"/v1/dossiers/{one}", DREAL)).json()
    assert [added["id"] for added in dossier["supplements"]] == said
    assert len(set(said)) == 20


@pytest.mark.measured
async def test_what_is_anothers_is_not_found_after_the_same_wait_as_what_does_not_exist(intake: Intake) -> None:
    one = await a_dossier(intake)

    async def timed(procedure: str, what: str) -> tuple[float, int, dict[str, Any]]:
        started = time.monotonic()
        bearer = intake.issuer.bearer("administration:urssaf")
        body = WORDS if what == "supplements" else {"reason": "duplicate"}
        answer = await intake.go_on(procedure, what, body, key="s1", **bearer)
        problem = {name: value for name, value in answer.json().items() if name != "instance"}
        return time.monotonic() - started, answer.status_code, problem

    asked = [(procedure, what) for procedure in (one, NOWHERE) for what in ("supplements", "withdrawal")]
    results = await asyncio.gather(*(timed(*each) for each in asked))
    assert all(5 <= seconds < 7 and status == 404 for seconds, status, _ in results)
    assert len({str(problem) for *_, problem in results}) == 1
    assert [await intake.count(table) for table in ("supplements", "withdrawals", "outbox")] == [0, 0, 1]


async def test_only_administrations_go_on(intake: Intake) -> None:
    one = await a_dossier(intake)
    for organisation in (COURT, "operator", "service:notify"):
        answer = await intake.go_on(one, "supplements", WORDS, key="s1", **intake.issuer.bearer(organisation))
        assert answer.status_code == 403
    assert (await intake.go_on("42", "supplements", WORDS, key="s1")).status_code == 400


async def test_a_withdrawn_procedure_takes_none_before_its_delivery_and_some_after(intake: Intake) -> None:
    one = await a_dossier(intake)
    await intake.go_on(one, "withdrawal", {"reason": "duplicate"}, key="w1")
    refused = await intake.go_on(one, "supplements", WORDS, key="s1")
    assert refused.status_code == 409
    assert "23/11/2026 à 13:00 (heure de Paris)" in refused.json()["detail"]
    # The delivery was first in the journal: the withdrawal is a mark, and the court still has the procedure.
    await intake.facts_arrive(*delivery_to(one), withdrawn(one))
    assert (await intake.go_on(one, "supplements", WORDS, key="s1")).status_code == 202


async def test_a_procedure_takes_a_hundred_and_no_more(intake: Intake) -> None:
    one = await a_dossier(intake)
    async with intake.running.engine.begin() as connection:
        rows = [
            {"id": UUID(int=number), "procedure_id": UUID(one), "added_at": NOON, "text": "…"}
            for number in range(MOST_SUPPLEMENTS - 1)
        ]
        await connection.execute(additions_store.supplements.insert(), rows)
    answers = await asyncio.gather(*(intake.go_on(one, "supplements", WORDS, key=f"s{n}") for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]


_HOLD = text("""
    INSERT INTO idempotency_keys VALUES
        ('administration:dreal-33', :path, 's1', '\\x00', gen_random_uuid(), now())
""")
