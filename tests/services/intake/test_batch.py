"""`POST /v1/procedures:batch`: a line a line, in order, each by itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID

from services.intake.lines import LONGEST_LINE
from tests.services.intake.builders import a_line, a_procedure
from tests.services.intake.conftest import Intake, listening

NDJSON = {"Content-Type": "application/x-ndjson"}


async def test_each_line_is_answered_by_a_line_in_order(intake: Intake) -> None:
    results = await intake.send([a_line(f"k{number}", reference=f"R-{number}") for number in range(450)])
    assert [result["line"] for result in results] == list(range(1, 451))
    assert {result["status"] for result in results} == {202}
    assert all(UUID(result["id"]).version == 7 and result["warnings"] == [] for result in results)
    assert [await intake.count(table) for table in ("procedures", "dossiers", "outbox")] == [450, 450, 450]


async def test_a_bad_line_hurts_only_itself(intake: Intake) -> None:
    lines = [
        a_line("k1", reference="R-1"),
        "{not json",
        "[]",
        "null",
        json.dumps(a_procedure()),
        a_line("k6", unknown=1),
        a_line("clé"),
        a_line("k8", places=[{"ground": "facts", "commune": "Bordaux"}]),
        a_line("k9", comment="x" * LONGEST_LINE),
        a_line("k10", reference="R-10"),
    ]
    results = await intake.send(lines)
    assert [result["status"] for result in results] == [202, 400, 400, 400, 400, 400, 400, 400, 413, 202]
    pointers = [result["errors"][0]["pointer"] for result in results[1:-1]]
    assert pointers == ["", "", "", "/idempotency_key", "/unknown", "/idempotency_key", "/places/0/commune", ""]
    assert "33063" in results[7]["errors"][0]["suggestions"]
    assert await intake.count("procedures") == 2


async def test_blank_lines_are_counted_and_not_answered(intake: Intake) -> None:
    results = await intake.send(["", a_line("k1"), "   \r", a_line("k2") + "\r", ""])
    assert [result["line"] for result in results] == [2, 4]


async def test_an_empty_body_is_an_empty_answer(intake: Intake) -> None:
    assert await intake.send([]) == []


async def test_a_line_sent_twice_is_one_procedure(intake: Intake) -> None:
    first, second, third = await intake.send([a_line("k1"), a_line("k1"), a_line("k1", comment="autre")])
    assert first["id"] == second["id"]
    assert third["status"] == 422
    assert await intake.count("procedures") == 1


async def test_the_same_reference_on_two_lines_is_two_procedures_with_a_warning(intake: Intake) -> None:
    results = await intake.send([a_line("k1"), a_line("k2")])
    assert "same-reference" in [warning["code"] for warning in results[1]["warnings"]]
    assert await intake.count("procedures") == 2


async def test_a_body_of_another_type_or_of_nobody_is_refused(intake: Intake) -> None:
    answer = await intake.client.post(
        "/v1/procedures:batch", content=a_line("k1"), headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 415
    court = NDJSON | intake.issuer.bearer("tribunal:tj33063")
    assert (await intake.client.post("/v1/procedures:batch", content=a_line("k1"), headers=court)).status_code == 403


async def test_lines_are_committed_while_the_body_still_comes(intake: Intake) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield a_line("k1").encode() + b"\n"
        await intake.procedures(1)
        yield a_line("k2").encode()

    answer = await intake.client.post("/v1/procedures:batch", content=body(), headers=NDJSON)
    assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [202, 202]


async def test_a_cut_connection_keeps_what_was_committed_and_half_a_line_is_none(intake: Intake) -> None:
    async with listening(intake.running.app) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        head = (
            "POST /v1/procedures:batch HTTP/1.1\r\nHost: intake\r\nContent-Type: application/x-ndjson\r\n"
            f"Authorization: {intake.client.headers['authorization']}\r\nContent-Length: 100000\r\n\r\n"
        )
        writer.write(head.encode() + a_line("k1").encode() + b"\n")
        await intake.procedures(1)
        # A whole object, but who knows whether the line went on.
        writer.write(a_line("k2").encode())
        writer.close()
        assert await reader.read() == b""
    assert await intake.count("procedures") == 1
    assert {result["status"] for result in await intake.send([a_line("k1"), a_line("k2")])} == {202}
    assert await intake.count("procedures") == 2


async def test_people_and_words_stay_out_of_the_answers_of_refused_lines(intake: Intake) -> None:
    bad = a_line("k1", natinf=["Camille Exemple"], comment="x\u0000 secret")
    (result,) = await intake.send([bad])
    assert {error["pointer"] for error in result["errors"]} == {"/natinf/0", "/comment"}
    assert "Camille" not in str(result)
    assert "secret" not in str(result)
