"""A document goes with one procedure or supplement of its administration, and is carried by what the journal says."""

import asyncio
import hashlib
from typing import Any

import httpx
import pytest

from tests.services.intake.builders import BORDEAUX, PARIS, a_line, a_procedure, declined, delivery_to
from tests.services.intake.conftest import DREAL, Intake
from tests.services.intake.documents import PDF, deposited

COURT, OTHER_COURT = f"tribunal:{BORDEAUX}", f"tribunal:{PARIS}"
OTHER = "administration:dreal-64"
NOWHERE = "0192f0c1-0000-7000-8000-000000000000"
WORDS = {"text": "Le laboratoire a rendu ses analyses."}


async def submitted(intake: Intake, *documents: str, key: str = "k1") -> str:
    answer = await intake.post(a_procedure(documents=list(documents)), key=key)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def faults(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 400, answer.text
    return {one["pointer"]: one["detail"] for one in answer.json()["errors"]}


async def test_the_fact_carries_what_the_documents_are_in_the_order_of_the_body(intake: Intake) -> None:
    first, second = await deposited(intake, PDF), await deposited(intake, PDF + b"2")
    await submitted(intake, second, first)
    (fact,) = await intake.said()
    assert [(str(one.id), one.bytes, one.sha256) for one in fact.data.documents] == [
        (second, len(PDF) + 1, hashlib.sha256(PDF + b"2").hexdigest()),
        (first, len(PDF), hashlib.sha256(PDF).hexdigest()),
    ]
    assert {one.media_type for one in fact.data.documents} == {"application/pdf"}


async def test_nothing_of_a_name_is_in_what_the_journal_says(intake: Intake) -> None:
    answer = await intake.client.post(
        "/v1/documents", content=PDF, headers={"Content-Disposition": 'attachment; filename="Camille.pdf"'}
    )
    await submitted(intake, answer.json()["id"])
    rows = await intake.rows("SELECT value, headers FROM outbox")
    assert not any("Camille" in row.value.decode() + row.headers for row in rows)


async def test_a_supplement_carries_documents_with_or_without_words(intake: Intake) -> None:
    one = await submitted(intake)
    first, second = await deposited(intake), await deposited(intake)
    for key, body in (("s1", WORDS | {"documents": [first]}), ("s2", {"documents": [second]})):
        assert (await intake.go_on(one, "supplements", body, key=key)).status_code == 202
    with_words, without = (await intake.said())[1:]
    assert [str(each.id) for each in with_words.data.documents] == [first]
    assert [str(each.id) for each in without.data.documents] == [second]
    assert (with_words.data.words is None, without.data.words is None) == (False, True)
    dossier = (await intake.get(f"/v1/dossiers/{one}", DREAL)).json()
    assert [added["documents"] for added in dossier["supplements"]] == [[first], [second]]
    assert [each["id"] for each in dossier["attachments"]] == [first, second]


async def test_a_document_is_attached_once(intake: Intake) -> None:
    document = await deposited(intake)
    one = await submitted(intake, document)
    again = await intake.post(a_procedure(documents=[document]), key="k2")
    assert list(faults(again)) == ["/documents/0"]
    supplement = await intake.go_on(one, "supplements", {"documents": [document]}, key="s1")
    assert "déjà jointe" in faults(supplement)["/documents/0"]
    assert len(await intake.said()) == 1


async def test_the_same_request_again_gives_the_same_procedure(intake: Intake) -> None:
    document = await deposited(intake)
    one = await submitted(intake, document)
    assert await submitted(intake, document) == one
    body = {"documents": [await deposited(intake)]}
    first = await intake.go_on(one, "supplements", body, key="s1")
    assert (await intake.go_on(one, "supplements", body, key="s1")).json() == first.json()
    assert len(await intake.said()) == 2


async def test_of_many_at_once_one_gets_the_document(intake: Intake) -> None:
    document = await deposited(intake)
    body = a_procedure(documents=[document])
    answers = await asyncio.gather(*(intake.post(body, key=f"k{number}") for number in range(8)))
    assert sorted(answer.status_code for answer in answers) == [202] + [400] * 7
    assert len(await intake.said()) == 1


@pytest.mark.parametrize("written", [NOWHERE, "not-an-id", ""])
async def test_what_was_never_deposited_is_pointed_at(intake: Intake, written: str) -> None:
    document = await deposited(intake)
    answer = await intake.post(a_procedure(documents=[document, written]), key="k1")
    assert faults(answer) == {"/documents/1": "Votre administration n’a déposé aucune pièce de cet identifiant."}
    await submitted(intake, document)


async def test_anothers_document_is_as_if_it_had_never_been_deposited(intake: Intake) -> None:
    answer = await intake.client.post("/v1/documents", content=PDF, headers=intake.issuer.bearer(OTHER))
    refused = await intake.post(a_procedure(documents=[answer.json()["id"]]), key="k1")
    assert faults(refused) == {"/documents/0": "Votre administration n’a déposé aucune pièce de cet identifiant."}


async def test_a_document_named_twice_is_pointed_at(intake: Intake) -> None:
    document = await deposited(intake)
    assert list(faults(await intake.post(a_procedure(documents=[document] * 2), key="k1"))) == ["/documents/1"]


async def test_a_document_that_is_not_whole_cannot_be_attached(intake: Intake) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    begun = await intake.client.post("/v1/uploads", headers=headers)
    document = begun.headers["location"].rpartition("/")[2]
    answer = await intake.post(a_procedure(documents=[document]), key="k1")
    assert "pas entièrement reçue" in faults(answer)["/documents/0"]


async def test_checking_says_what_submitting_would_and_attaches_nothing(intake: Intake) -> None:
    document = await deposited(intake)
    checked = await intake.client.post("/v1/procedures:check", json=a_procedure(documents=[document, NOWHERE]))
    assert [one["pointer"] for one in checked.json()["errors"]] == ["/documents/1"]
    await submitted(intake, document)


async def test_what_is_not_what_its_sender_says_is_told_wherever_it_is_named(intake: Intake) -> None:
    documents = [await deposited(intake), await deposited(intake, **{"Content-Type": "image/png"})]
    body = a_procedure(documents=documents)
    checked = (await intake.client.post("/v1/procedures:check", json=body)).json()
    taken = (await intake.post(body, key="k1")).json()
    for answer in (checked, taken):
        told = [one for one in answer["warnings"] if one["code"] == "media-type-mismatch"]
        assert [one["pointer"] for one in told] == ["/documents/1"]
        assert "application/pdf, alors que image/png était annoncé" in told[0]["detail"]


async def test_in_a_batch_each_line_has_its_own_documents(intake: Intake) -> None:
    first, second = await deposited(intake), await deposited(intake)
    lines = [
        a_line("k1", documents=[first]),
        a_line("k2", documents=[first]),
        a_line("k1", documents=[first]),
        a_line("k3", documents=[second]),
        a_line("k4", documents=[NOWHERE]),
        a_line("k5"),
    ]
    results = await intake.send(lines)
    assert [one["status"] for one in results] == [202, 400, 202, 202, 400, 202]
    assert results[0]["id"] == results[2]["id"]
    assert [len(fact.data.documents) for fact in await intake.said()] == [1, 1, 0]


async def readable(intake: Intake, document: str, organisation: str) -> bool:
    """Whether its bytes are handed out at once; the wait before a 404 has its own test."""
    try:
        answer = await asyncio.wait_for(intake.get(f"/v1/documents/{document}", organisation), 1.5)
    except TimeoutError:
        return False
    assert (answer.status_code, answer.content) == (200, PDF)
    return True


async def test_the_court_reads_it_from_the_delivery_until_it_declines(intake: Intake) -> None:
    document = await deposited(intake)
    one = await submitted(intake, document)
    assert not await readable(intake, document, COURT)
    named, receipt = delivery_to(one)
    await intake.facts_arrive(named, receipt)
    assert await readable(intake, document, COURT)
    assert not await readable(intake, document, OTHER_COURT)
    await intake.facts_arrive(declined(one, receipt.data.delivery), *delivery_to(one, PARIS))
    assert not await readable(intake, document, COURT)
    assert await readable(intake, document, OTHER_COURT)
    assert await readable(intake, document, DREAL)


async def test_the_dossier_shows_what_each_document_is(intake: Intake) -> None:
    document = await deposited(intake)
    one = await submitted(intake, document)
    await intake.facts_arrive(*delivery_to(one))
    dossier: dict[str, Any] = (await intake.get(f"/v1/dossiers/{one}", COURT)).json()
    (shown,) = dossier["attachments"]
    assert (shown["id"], shown["name"], shown["procedure"], shown["expires_at"]) == (document, "constat.pdf", one, None)
    assert dossier["documents"] == [document]
