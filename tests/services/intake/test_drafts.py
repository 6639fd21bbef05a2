"""Drafts: their writer finds them again and nobody else does, two windows lose nothing, documents stay with them."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis.clock import new_id
from services.intake.drafts_store import MOST
from tests.services.intake.builders import a_procedure
from tests.services.intake.conftest import DREAL, Collected, Intake
from tests.services.intake.documents import deposited, kept

BEGIN = {"If-None-Match": "*"}


def replacing(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


async def keep(intake: Intake, one: UUID, condition: dict[str, str], **content: Any) -> httpx.Response:
    body = {"title": content.get("reference", ""), "content": content}
    return await intake.client.put(f"/v1/drafts/{one}", json=body, headers=condition)


async def begun(intake: Intake, **content: Any) -> UUID:
    one = new_id()
    assert (await keep(intake, one, BEGIN, **content)).status_code == 204
    return one


async def with_document(intake: Intake) -> tuple[UUID, str]:
    one, document = await begun(intake, reference="A-1"), await deposited(intake)
    assert (await intake.client.put(f"/v1/drafts/{one}/documents/{document}")).status_code == 204
    return one, document


async def test_a_draft_is_found_again_as_it_was_left(intake: Intake) -> None:
    one = await begun(intake, reference="A-1", persons=[{"family_name": "Marin"}])
    assert (await keep(intake, one, replacing(1), reference="A-2")).headers["etag"] == '"2"'
    found = await intake.client.get(f"/v1/drafts/{one}")
    assert found.headers["etag"] == '"2"'
    assert found.json()["content"] == {"reference": "A-2"}
    (listed,) = (await intake.client.get("/v1/drafts")).json()["drafts"]
    assert (listed["id"], listed["title"], listed["documents"]) == (str(one), "A-2", 0)


async def test_nobody_else_finds_it(intake: Intake) -> None:
    one, document = await with_document(intake)
    colleague = intake.issuer.bearer(DREAL, subject="agent-8")
    for headers in (colleague, intake.issuer.bearer("administration:douane-bx")):
        call = intake.client.request
        assert (await call("GET", "/v1/drafts", headers=headers)).json() == {"drafts": []}
        body = {"json": {"title": "", "content": {}}, "headers": headers | replacing(1)}
        for method, path, more in (
            ("GET", f"/v1/drafts/{one}", {"headers": headers}),
            ("PUT", f"/v1/drafts/{one}", body),
            ("DELETE", f"/v1/drafts/{one}", {"headers": headers}),
            ("PUT", f"/v1/drafts/{one}/documents/{document}", {"headers": headers}),
            ("DELETE", f"/v1/drafts/{one}/documents/{document}", {"headers": headers}),
        ):
            assert (await call(method, path, **more)).status_code == 404, (method, path)
    assert (await intake.get(f"/v1/drafts/{one}", "tribunal:tj33063")).status_code == 403
    assert (await intake.client.get(f"/v1/drafts/{one}")).json()["documents"][0]["id"] == document


async def test_the_second_of_two_windows_is_told_and_overwrites_nothing(intake: Intake) -> None:
    one = await begun(intake, reference="A-1")
    answers = await asyncio.gather(*(keep(intake, one, replacing(1), reference=f"B-{n}") for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [204, 412, 412, 412]
    first = next(n for n, answer in enumerate(answers) if answer.status_code == 204)
    assert (await intake.client.get(f"/v1/drafts/{one}")).json()["content"] == {"reference": f"B-{first}"}
    assert (await keep(intake, one, BEGIN, reference="C")).status_code == 412
    assert (await keep(intake, one, {}, reference="C")).status_code == 428


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"title": "x"}', b'{"title": "a\\nb", "content": {}}', b'{"content": []}', b'{"content": {"a": NaN}}'],
)
async def test_what_is_no_draft_is_refused(intake: Intake, body: bytes) -> None:
    headers = BEGIN | {"Content-Type": "application/json"}
    assert (await intake.client.put(f"/v1/drafts/{new_id()}", content=body, headers=headers)).status_code == 400


async def test_a_person_has_so_many_and_no_more(intake: Intake) -> None:
    answers = await asyncio.gather(*(keep(intake, new_id(), BEGIN, n=n) for n in range(MOST + 2)))
    assert sorted(answer.status_code for answer in answers) == [204] * MOST + [409] * 2
    endless = await keep(intake, new_id(), BEGIN, summary="x" * 2**20)
    assert endless.status_code == 413


async def test_a_drafts_documents_stay_as_long_as_it_does(
    intake: Intake, collected: Collected, object_folder: Path
) -> None:
    one, document = await with_document(intake)
    assert await collected(timedelta(days=29)) == 0
    assert kept(object_folder, document)
    assert await collected(timedelta(days=31)) == 1
    assert (await intake.client.get(f"/v1/drafts/{one}")).status_code == 404
    assert await intake.count("drafts") == await intake.count("draft_documents") == await intake.count("documents") == 0


async def test_a_draft_that_is_deleted_takes_its_documents_but_not_a_procedures(intake: Intake) -> None:
    one, loose = await with_document(intake)
    sent = await deposited(intake)
    assert (await intake.client.put(f"/v1/drafts/{one}/documents/{sent}")).status_code == 204
    assert (await intake.post(a_procedure(documents=[sent]), key="k1")).status_code == 202
    assert (await intake.client.delete(f"/v1/drafts/{one}")).status_code == 204
    assert (await intake.client.get(f"/v1/documents/{sent}/description")).status_code == 200
    assert await intake.count("documents") == 1
    assert (await intake.client.put(f"/v1/drafts/{one}/documents/{loose}")).status_code == 404


async def test_a_document_is_in_one_draft_and_goes_when_it_is_taken_out(intake: Intake) -> None:
    one, document = await with_document(intake)
    path = f"/v1/drafts/{one}/documents/{document}"
    assert (await intake.client.put(path)).status_code == 204
    other = await begun(intake)
    assert (await intake.client.put(f"/v1/drafts/{other}/documents/{document}")).status_code == 404
    assert (await intake.client.delete(path)).status_code == 204
    assert (await intake.client.get(f"/v1/drafts/{one}")).json()["documents"] == []
    assert await intake.count("documents") == 0
