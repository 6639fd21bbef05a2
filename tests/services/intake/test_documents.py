"""A document is whole when it is answered, or nothing of it is kept; its owner reads back what was sent."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.intake.conftest import Intake
from tests.services.intake.documents import PDF, deposit, deposited, repr_digest

DREAL = "administration:dreal-33"
OTHER = "administration:dreal-64"
TRIBUNAL = "tribunal:tj33063"


def kept_in(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


async def test_what_was_sent_is_read_back_byte_for_byte(intake: Intake) -> None:
    answer = await deposit(intake, PDF, **{"Repr-Digest": repr_digest(PDF)})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["name"], told["media_type"], told["bytes"]) == ("constat.pdf", "application/pdf", len(PDF))
    assert told["sha256"] == hashlib.sha256(PDF).hexdigest()
    read = await intake.get(answer.headers["location"], DREAL)
    assert (read.status_code, read.content) == (200, PDF)
    assert read.headers["etag"] == f'"{told["sha256"]}"'
    assert read.headers["repr-digest"] == repr_digest(PDF)
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    ("declared", "said"),
    [("image/jpeg", "image/jpeg était annoncé"), ("application/octet-stream", "son nom en laisse attendre un autre")],
)
async def test_what_is_not_what_its_sender_says_is_kept_with_a_warning(
    intake: Intake, declared: str, said: str
) -> None:
    told = (await deposit(intake, PDF, name="photo.jpg", **{"Content-Type": declared})).json()
    (warning,) = told["warnings"]
    assert (warning["pointer"], warning["code"]) == ("/media_type", "media-type-mismatch")
    assert warning["detail"].startswith(f"Le contenu est du type application/pdf, alors que {said} :")
    assert told["media_type"] == "application/pdf"


async def test_a_digest_that_differs_leaves_nothing(intake: Intake, object_folder: Path) -> None:
    before = kept_in(object_folder)
    answer = await deposit(intake, PDF + b"x", **{"Repr-Digest": repr_digest(PDF)})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/digest-mismatch")
    assert kept_in(object_folder) == before
    assert await intake.count("documents") == 0


@pytest.mark.parametrize("digest", ["sha-256=x", "sha-256=:AAAA:", "sha-256", "sha-256=1", "=", "sha-256=:é:"])
async def test_a_digest_that_cannot_be_read_is_refused(intake: Intake, digest: str) -> None:
    answer = await intake.client.post("/v1/documents", content=PDF, headers={b"Repr-Digest": digest.encode()})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/invalid-digest")


async def test_a_digest_of_another_kind_is_not_checked(intake: Intake) -> None:
    assert (await deposit(intake, PDF, **{"Repr-Digest": "unixsum=30637"})).status_code == 201


async def test_an_empty_document_is_a_document(intake: Intake) -> None:
    one = await deposited(intake, b"")
    read = await intake.get(f"/v1/documents/{one}", DREAL)
    assert (read.status_code, read.content) == (200, b"")


async def test_a_length_above_the_limit_is_refused_before_a_byte_is_read(intake: Intake) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        raise AssertionError("read")
        yield b""

    answer = await deposit(intake, pieces(), **{"Content-Length": str(2**30 + 1)})
    assert answer.status_code == 413
    assert await intake.count("documents") == 0


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-", 5, len(PDF)),
        ("bytes=5-1000000", 5, len(PDF)),
        ("bytes=-3", len(PDF) - 3, len(PDF)),
        ("bytes=-1000000", 0, len(PDF)),
    ],
)
async def test_a_range_is_answered_alone(intake: Intake, asked: str, start: int, stop: int) -> None:
    one = await deposited(intake)
    headers = intake.issuer.bearer(DREAL) | {"Range": asked}
    read = await intake.client.get(f"/v1/documents/{one}", headers=headers)
    assert (read.status_code, read.content) == (206, PDF[start:stop])
    assert read.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(PDF)}"


@pytest.mark.parametrize(("asked", "content"), [("bytes=1000000-", PDF), ("bytes=0-", b""), ("bytes=-3", b"")])
async def test_a_range_without_a_byte_cannot_be_satisfied(intake: Intake, asked: str, content: bytes) -> None:
    one = await deposited(intake, content)
    read = await intake.client.get(f"/v1/documents/{one}", headers={"Range": asked})
    assert read.status_code == 416
    assert read.headers["content-range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,3-4", "lines=1-2", "bytes=b-a", "bytes=9-1", ""])
async def test_a_range_that_makes_no_sense_is_answered_whole(intake: Intake, asked: str) -> None:
    one = await deposited(intake)
    read = await intake.client.get(f"/v1/documents/{one}", headers={"Range": asked})
    assert (read.status_code, read.content) == (200, PDF)


async def test_a_range_of_another_content_is_answered_whole(intake: Intake) -> None:
    one = await deposited(intake)
    etag = hashlib.sha256(PDF).hexdigest()
    wholes = ('"other"', f'W/"{etag}"', "Wed, 21 Oct 2026 07:28:00 GMT")
    for given, status in ((f'"{etag}"', 206), *((whole, 200) for whole in wholes)):
        headers = {"Range": "bytes=0-1", "If-Range": given}
        assert (await intake.client.get(f"/v1/documents/{one}", headers=headers)).status_code == status


async def test_what_the_client_has_is_not_sent_again(intake: Intake) -> None:
    one = await deposited(intake)
    headers = {"If-None-Match": f'W/"x", "{hashlib.sha256(PDF).hexdigest()}"'}
    read = await intake.client.get(f"/v1/documents/{one}", headers=headers)
    assert (read.status_code, read.content) == (304, b"")


async def test_each_reading_is_recorded_with_its_bytes(intake: Intake) -> None:
    one = await deposited(intake)
    await intake.client.get(f"/v1/documents/{one}", headers={"Range": "bytes=2-5"})
    query = "SELECT document_id::text, first_byte, last_byte, organisation FROM document_readings"
    assert [tuple(row) for row in await intake.rows(query)] == [(one, 2, 5, DREAL)]


async def test_what_is_known_of_it_is_asked_for_without_its_bytes_and_is_no_reading(intake: Intake) -> None:
    where = f"/v1/documents/{await deposited(intake)}"
    whole = await intake.client.get(where)
    # A range is of its bytes, which nobody asks for.
    told = await intake.client.head(where, headers={"Range": "bytes=-1000000"})
    assert (told.status_code, told.content) == (200, b"")
    assert dict(told.headers) == dict(whole.headers)
    assert (await intake.client.head(where, headers={"If-None-Match": whole.headers["etag"]})).status_code == 304
    assert (await intake.client.head(where, headers=intake.issuer.bearer(OTHER))).status_code == 404
    assert await intake.count("document_readings") == 1


async def test_a_text_is_of_the_type_that_it_is_kept_as(intake: Intake) -> None:
    # In what it is written, nobody knows.
    one = await deposited(intake, "commune;délit\n33063;vol\n".encode("latin-1"), **{"Content-Type": "text/csv"})
    assert (await intake.client.get(f"/v1/documents/{one}")).headers["content-type"] == "text/csv"


async def test_to_anybody_else_it_does_not_exist(intake: Intake) -> None:
    one = await deposited(intake)
    asked = [(f"/v1/documents/{one}{what}", who) for what in ("", "/description") for who in (OTHER, TRIBUNAL)]
    for answer in await asyncio.gather(*(intake.get(*each) for each in asked)):
        assert (answer.status_code, answer.headers["retry-after"]) == (404, "5")
        assert answer.json()["detail"] == "Aucune pièce ne porte cet identifiant."


async def test_its_description_says_what_it_is_and_until_when(intake: Intake) -> None:
    one = await deposited(intake)
    told = (await intake.get(f"/v1/documents/{one}/description", DREAL)).json()
    assert (told["id"], told["scan"]["state"], told["procedure"]) == (one, "off", None)
    assert told["expires_at"].startswith("20")
