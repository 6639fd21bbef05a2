"""A document comes in as many requests as it takes (tus 1.0.0), and is whole when its last byte has come."""

import asyncio
import hashlib
from pathlib import Path

import httpx
import pytest

from tests.services.intake.conftest import Intake
from tests.services.intake.documents import PDF, TUS, announce, announced, kept, metadata, offset, repr_digest, send

DREAL = "administration:dreal-33"
OTHER = "administration:dreal-64"


async def read(intake: Intake, where: str) -> httpx.Response:
    return await intake.get(where.replace("uploads", "documents"), DREAL)


async def test_what_it_can_is_told_to_whoever_asks(intake: Intake) -> None:
    answer = await intake.client.options("/v1/uploads", headers={"Authorization": ""})
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-max-size"] == str(2**30)
    assert answer.headers["tus-extension"] == "creation,expiration,termination"


async def test_a_document_comes_in_pieces_and_is_whole_with_the_last(intake: Intake) -> None:
    where = await announced(intake, **{"Repr-Digest": repr_digest(PDF)})
    for start in range(0, len(PDF), 10):
        assert await offset(intake, where) == start
        answer = await send(intake, where, start, PDF[start : start + 10])
        assert answer.status_code == 204, answer.text
        assert answer.headers["upload-expires"].endswith("GMT")
    whole = await read(intake, where)
    assert whole.content == PDF
    described = (await read(intake, where + "/description")).json()
    assert described["name"] == "pièce n° 1.pdf"
    assert described["sha256"] == hashlib.sha256(PDF).hexdigest()


async def test_what_was_told_of_it_is_told_again_as_it_was_sent(intake: Intake) -> None:
    sent = f"lang ZnI= , {metadata(filename='pièce n° 1.pdf')},draft"
    where = await announced(intake, **{"Upload-Metadata": sent, "Idempotency-Key": "one"})
    # Of what only says the same in other words, the first is kept.
    await announced(intake, **{"Upload-Metadata": metadata(filename="pièce n° 1.pdf"), "Idempotency-Key": "one"})
    await send(intake, where, 0, PDF)
    assert (await intake.client.head(where, headers=TUS)).headers["upload-metadata"] == sent
    untold = await announced(intake, **{"Upload-Metadata": ""})
    assert "upload-metadata" not in (await intake.client.head(untold, headers=TUS)).headers


async def test_a_document_that_is_not_whole_is_nobodys_to_read(intake: Intake) -> None:
    where = await announced(intake)
    await send(intake, where, 0, PDF[:10])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read(intake, where), 0.5)


async def test_an_empty_document_is_whole_at_once(intake: Intake) -> None:
    assert (await read(intake, await announced(intake, 0))).content == b""


async def test_another_offset_is_told_where_to_go_on(intake: Intake) -> None:
    where = await announced(intake)
    await send(intake, where, 0, PDF[:10])
    for wrong in (0, 9, 11):
        answer = await send(intake, where, wrong, PDF[wrong:])
        assert (answer.status_code, answer.headers["upload-offset"]) == (409, "10")
    assert await offset(intake, where) == 10


async def test_more_than_was_announced_is_refused(intake: Intake) -> None:
    where = await announced(intake)
    assert (await send(intake, where, 0, PDF + b"x")).status_code == 413
    assert await offset(intake, where) == 0


async def test_more_than_may_come_cannot_be_announced(intake: Intake) -> None:
    assert (await announce(intake, 2**30 + 1)).status_code == 413
    assert await intake.count("documents") == 0


async def test_a_digest_that_differs_leaves_nothing(intake: Intake, object_folder: Path) -> None:
    where = await announced(intake, **{"Repr-Digest": repr_digest(b"other")})
    answer = await send(intake, where, 0, PDF)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "digest-mismatch")
    assert (await intake.client.head(where, headers=TUS)).status_code == 404
    assert await intake.count("documents") == 0
    assert kept(object_folder, where) == []


async def test_what_is_given_up_is_gone(intake: Intake, object_folder: Path) -> None:
    where = await announced(intake)
    await send(intake, where, 0, PDF[:10])
    assert (await intake.client.delete(where, headers=TUS)).status_code == 204
    assert (await intake.client.head(where, headers=TUS)).status_code == 404
    assert kept(object_folder, where) == []


async def test_the_same_key_goes_on_with_the_same_document(intake: Intake) -> None:
    where = await announced(intake, **{"Idempotency-Key": "one"})
    await send(intake, where, 0, PDF[:10])
    again = await announce(intake, **{"Idempotency-Key": "one"})
    assert (again.headers["location"], again.headers["upload-offset"]) == (where, "10")
    other = await announce(intake, 5, **{"Idempotency-Key": "one"})
    assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (422, "idempotency-key-reused")
    assert await announced(intake, **{"Idempotency-Key": "two"}) != where
    foreign = await announce(intake, **{"Idempotency-Key": "one"} | intake.issuer.bearer(OTHER))
    assert foreign.headers["location"] != where


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
async def test_to_another_administration_it_does_not_exist(intake: Intake, method: str) -> None:
    where = await announced(intake)
    told = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"} if method == "PATCH" else {}
    headers = TUS | told | intake.issuer.bearer(OTHER)
    assert (await intake.client.request(method, where, headers=headers)).status_code == 404
    assert await offset(intake, where) == 0


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412, "tus-version"),
        ({"Upload-Length": ""}, 400, "invalid-header"),
        ({"Upload-Length": "-1"}, 400, "invalid-header"),
        ({"Upload-Length": "1e3"}, 400, "invalid-header"),
        ({"Upload-Length": "9" * 400}, 400, "invalid-header"),
        ({"Upload-Metadata": "filename !"}, 400, "invalid-metadata"),
        ({"Upload-Metadata": "filename YQ== YQ=="}, 400, "invalid-metadata"),
        ({"Upload-Metadata": "filename /w=="}, 400, "invalid-metadata"),
        ({"Upload-Metadata": "x" * 5000}, 400, "invalid-metadata"),
        ({"Repr-Digest": "sha-256"}, 400, "invalid-digest"),
        ({"Idempotency-Key": "a b"}, 400, "idempotency-key-malformed"),
    ],
)
async def test_what_makes_no_sense_is_refused(intake: Intake, headers: dict[str, str], status: int, kind: str) -> None:
    answer = await announce(intake, **headers)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, kind)
    assert await intake.count("documents") == 0


@pytest.mark.parametrize(
    ("method", "below", "headers", "status"),
    [
        ("POST", "", {"Authorization": ""}, 401),
        ("POST", "", {"Tus-Resumable": "0.2.2"}, 412),
        ("PUT", "", {}, 405),
        ("HEAD", "/0192f0c1-0000-7000-8000-000000000000", {}, 404),
        ("HEAD", "/one", {}, 400),
        ("GET", "/one/more", {}, 404),
    ],
)
async def test_a_problem_too_is_of_the_version_that_is_spoken(
    intake: Intake, method: str, below: str, headers: dict[str, str], status: int
) -> None:
    answer = await intake.client.request(method, f"/v1/uploads{below}", headers=TUS | headers)
    assert (answer.status_code, answer.headers.get_list("tus-resumable")) == (status, ["1.0.0"])


async def test_a_piece_of_another_media_type_is_refused(intake: Intake) -> None:
    where = await announced(intake)
    assert (await send(intake, where, 0, PDF, **{"Content-Type": "application/pdf"})).status_code == 415
