"""kill -9 at each step of a document's way, in a real process: it goes on where it was, or nothing is left of it."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from chassis.crash import POINTS
from tests.processes import ServiceProcess, environment
from tests.services.intake.conftest import DREAL, Collected, Intake
from tests.services.intake.documents import TUS, kept, repr_digest
from tests.services.issuer import Issuer

CONTENT = random.Random(8).randbytes(300_000)  # noqa: S311 - no secret
HALF = len(CONTENT) // 2
STEPS = [point for point in POINTS if point.startswith("document.")]
# The process has the real clock, the others that of the tests.
LATER = timedelta(days=365 * 80)
# Where a document is given up.
GIVING_UP = ("document.given-up", "document.removed")


@pytest.fixture
async def process(
    migrated_database: str, object_folder: Path, issuer: Issuer, tmp_path: Path
) -> AsyncIterator[ServiceProcess]:
    """Intake on the tests' database and objects, without a broker; not started."""
    told = environment(
        "127.0.0.1:9",
        migrated_database,
        INFOPARQUET_OBJECT_STORE_URL=object_folder.as_uri(),
        INFOPARQUET_OIDC_ISSUER=issuer.url,
        INFOPARQUET_ROUTING_URL="http://127.0.0.1:9",
        INFOPARQUET_CLIENT_ID="intake",
        INFOPARQUET_CLIENT_SECRET="secret",  # noqa: S106 - of an issuer that asks none
    )
    one = ServiceProcess("intake", told, tmp_path / "intake.log")
    yield one
    await one.kill()


async def dies_in(process: ServiceProcess, step: str, client: "Client") -> None:
    """Have the client do what it does until the process has died at that step."""
    await process.start(INFOPARQUET_CRASH_AT=step)
    ended = asyncio.create_task(process.ended())
    async with httpx.AsyncClient(base_url=f"http://{process.environment['INFOPARQUET_LISTEN']}") as http:
        while not ended.done():
            try:
                await client.go_on(http)
            except httpx.TransportError:
                await asyncio.wait([ended], timeout=0.05)
    assert ended.result() == -9, process.log.read_text()


class Client:
    """Deposits one document in two requests, and gives it up where it is told to."""

    def __init__(self, issuer: Issuer, *, gives_up: bool = False) -> None:
        self.headers = issuer.bearer(DREAL) | TUS
        self.gives_up = gives_up

    async def go_on(self, http: httpx.AsyncClient) -> httpx.URL:
        """From wherever it is."""
        told = {"Upload-Length": str(len(CONTENT)), "Repr-Digest": repr_digest(CONTENT), "Idempotency-Key": "crash"}
        begun = await http.post("/v1/uploads", headers=self.headers | told)
        assert begun.status_code == 201, begun.text
        where, at = httpx.URL(begun.headers["location"]), int(begun.headers["upload-offset"])
        while at < len(CONTENT):
            told = {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
            body = CONTENT[at : at + HALF]
            sent = await http.patch(where, content=body, headers=self.headers | told)
            assert sent.status_code == 204, sent.text
            at = int(sent.headers["upload-offset"])
        if self.gives_up:
            await http.delete(where, headers=self.headers)
        return where


@pytest.mark.parametrize("step", [step for step in STEPS if step not in GIVING_UP])
async def test_an_upload_goes_on_after_kill_9(
    intake: Intake,
    process: ServiceProcess,
    collected: Collected,
    object_folder: Path,
    step: str,
) -> None:
    client = Client(intake.issuer)
    await dies_in(process, step, client)
    where = await client.go_on(intake.client)
    read = await intake.get(where.path.replace("uploads", "documents"), DREAL)
    assert read.content == CONTENT
    assert len(kept(object_folder, where.path)) == await intake.count("document_parts")
    await collected(LATER)
    assert not (object_folder / "documents" / where.path.rpartition("/")[2]).exists()
    assert await intake.count("documents") == 0


@pytest.mark.parametrize("step", GIVING_UP)
async def test_what_was_being_given_up_is_gone_after_kill_9(
    intake: Intake,
    process: ServiceProcess,
    collected: Collected,
    object_folder: Path,
    step: str,
) -> None:
    await dies_in(process, step, Client(intake.issuer, gives_up=True))
    ((one,),) = await intake.rows("SELECT id FROM documents")
    assert (await intake.client.head(f"/v1/uploads/{one}", headers=TUS)).status_code == 404
    await collected(LATER)
    assert not (object_folder / "documents" / str(one)).exists()
    assert await intake.count("documents") == 0


class InOneRequest(Client):
    """Deposits one document at once."""

    async def go_on(self, http: httpx.AsyncClient) -> httpx.URL:
        answer = await http.post("/v1/documents", content=CONTENT, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return httpx.URL(answer.headers["location"])


@pytest.mark.parametrize("step", ["document.piece", "document.counted", "document.read"])
async def test_nothing_is_left_of_a_deposit_that_was_killed(
    intake: Intake,
    process: ServiceProcess,
    collected: Collected,
    object_folder: Path,
    step: str,
) -> None:
    await dies_in(process, step, InOneRequest(intake.issuer))
    ((one, state),) = await intake.rows("SELECT id, state FROM documents")
    assert state == "arriving"
    answer = await intake.post({"documents": [str(one)]}, key="k1")
    assert answer.status_code == 400
    await collected(LATER)
    assert not (object_folder / "documents" / str(one)).exists()
    assert await intake.count("documents") == 0
