"""Documents over a real line: whatever cuts it, nothing is half kept, and an upload goes on at the byte it reached."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from chassis.service import Service
from services.intake.objects import Objects
from tests.processes import until
from tests.services.intake.conftest import DREAL, Intake, Settings, listening, running
from tests.services.intake.documents import TUS, kept, repr_digest
from tests.services.issuer import Issuer

CONTENT = random.Random(8).randbytes(3 * 1024 * 1024)  # noqa: S311 - no secret


@pytest.fixture
async def port(intake: Intake) -> AsyncIterator[int]:
    async with listening(intake.running.app) as url:
        yield int(url.rpartition(":")[2])


async def cut_short(port: int, request: str, body: bytes, headers: dict[str, str]) -> None:
    """A request whose client goes away after these bytes of its body."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    told = headers | {"Host": "tests", "Content-Length": str(len(CONTENT))}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    writer.write(f"{request} HTTP/1.1\r\n{head}\r\n".encode() + body)
    await writer.drain()
    writer.close()


async def announced(port: int, issuer: Issuer) -> httpx.URL:
    headers = issuer.bearer(DREAL) | TUS | {"Upload-Length": str(len(CONTENT)), "Repr-Digest": repr_digest(CONTENT)}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        return httpx.URL((await client.post("/v1/uploads", headers=headers)).headers["location"])


async def offset(port: int, where: httpx.URL, issuer: Issuer) -> int:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.head(where, headers=issuer.bearer(DREAL) | TUS)
        assert answer.status_code == 200
        return int(answer.headers["upload-offset"])


def going_on(at: int, issuer: Issuer) -> dict[str, str]:
    told = {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
    return issuer.bearer(DREAL) | TUS | told


async def patched(port: int, where: httpx.URL, at: int, body: bytes, issuer: Issuer) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        return await client.patch(where, content=body, headers=going_on(at, issuer))


async def test_a_document_that_was_cut_leaves_nothing(intake: Intake, port: int, object_folder: Path) -> None:
    before = set((object_folder / "documents").glob("*"))
    await cut_short(port, "POST /v1/documents", CONTENT[:2_000_000], intake.issuer.bearer(DREAL))

    async def nothing_is_left() -> bool:
        return await intake.count("documents") == 0 and set((object_folder / "documents").glob("*")) <= before

    await until(nothing_is_left, what="nothing left")
    assert await intake.count("document_parts") == 0


async def test_an_upload_cut_at_any_byte_goes_on_where_it_was(intake: Intake, port: int) -> None:
    where, places = await announced(port, intake.issuer), random.Random(7)  # noqa: S311
    at = 0
    for _ in range(20):
        body = CONTENT[at : at + places.randint(1, 250_000)]
        await cut_short(port, f"PATCH {where.path}", body, going_on(at, intake.issuer))
        # It may be some way behind what was sent, as what a client had not seen arrive.
        at = await offset(port, where, intake.issuer)
    assert 0 < at < len(CONTENT)
    await until(lambda: sent_to_its_end(port, where, intake.issuer), what="whole")
    read = await intake.get(where.path.replace("uploads", "documents"), DREAL)
    assert hashlib.sha256(read.content).digest() == hashlib.sha256(CONTENT).digest()


async def sent_to_its_end(port: int, where: httpx.URL, issuer: Issuer) -> bool:
    """By one request, unless one of those that were cut is counted meanwhile."""
    at = await offset(port, where, issuer)
    return (await patched(port, where, at, CONTENT[at:], issuer)).status_code == 204


async def test_whoever_asks_how_far_it_is_has_all_that_came_on_a_line_that_says_nothing_more(
    intake: Intake, port: int
) -> None:
    where = await announced(port, intake.issuer)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    told = going_on(0, intake.issuer) | {"Host": "tests", "Content-Length": str(len(CONTENT))}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    # Half a handful: it would wait for the rest.
    writer.write(f"PATCH {where.path} HTTP/1.1\r\n{head}\r\n".encode() + CONTENT[:100_000])
    await writer.drain()

    async def all_of_it() -> bool:
        return await offset(port, where, intake.issuer) > 0

    await until(all_of_it, what="counted")
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 409"), answer
    at = await offset(port, where, intake.issuer)
    assert b"upload-offset: %d\r\n" % at in answer
    writer.close()
    assert (await patched(port, where, at, CONTENT[at:], intake.issuer)).status_code == 204


async def test_another_replica_goes_on_with_an_upload(
    intake: Intake, port: int, service: Service, told: Settings, issuer: Issuer
) -> None:
    where = await announced(port, issuer)
    for start, stop in ((0, 1_000_000), (1_000_000, 1_500_000)):
        assert (await patched(port, where, start, CONTENT[start:stop], issuer)).status_code == 204
    async with running(service, told(), issuer) as other, listening(other.running.app) as url:
        second = int(url.rpartition(":")[2])
        assert (await patched(second, where, 1_500_000, CONTENT[1_500_000:2_000_000], issuer)).status_code == 204
    assert (await patched(port, where, 2_000_000, CONTENT[2_000_000:], issuer)).status_code == 204
    read = await intake.get(where.path.replace("uploads", "documents"), DREAL)
    assert read.content == CONTENT


async def test_of_two_that_send_the_same_at_once_one_counts(intake: Intake, port: int, object_folder: Path) -> None:
    where = await announced(port, intake.issuer)
    answers = await asyncio.gather(*(patched(port, where, 0, CONTENT, intake.issuer) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {204, 409}
    assert await offset(port, where, intake.issuer) == len(CONTENT)
    read = await intake.get(where.path.replace("uploads", "documents"), DREAL)
    assert read.content == CONTENT
    assert len(kept(object_folder, where.path)) == await intake.count("document_parts") == 1


async def test_what_another_made_whole_before_it_was_durable_is_told_so(
    intake: Intake, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = await announced(port, intake.issuer)
    waiting, whole = asyncio.Event(), asyncio.Event()
    synced = Objects.sync

    async def slow_at_first(objects: Objects, key: str) -> None:
        if not waiting.is_set():
            waiting.set()
            await whole.wait()
        await synced(objects, key)

    monkeypatch.setattr(Objects, "sync", slow_at_first)
    slow = asyncio.create_task(patched(port, where, 0, CONTENT, intake.issuer))
    await waiting.wait()
    assert (await patched(port, where, 0, CONTENT, intake.issuer)).status_code == 204
    whole.set()
    answer = await slow
    assert answer.status_code == 409
    assert answer.headers["upload-offset"] == str(len(CONTENT))
