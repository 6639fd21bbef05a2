"""So many documents come to a process at once, and no more: whoever comes then is told when to come again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from cli.session import Connection
from cli.uploading import Uploads
from services.intake import places
from tests.processes import until
from tests.services.intake import sending
from tests.services.intake.conftest import DREAL, Intake
from tests.services.intake.documents import PDF, announced, deposit, send

MOST = 3


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that takes no more than three."""
    monkeypatch.setattr(places, "MOST", MOST)


@asynccontextmanager
async def documents_come(intake: Intake, count: int) -> AsyncIterator[None]:
    """While the block lasts."""
    go_on, asked = asyncio.Event(), set()

    async def body(number: int) -> AsyncIterator[bytes]:
        yield PDF[:1]
        asked.add(number)
        await go_on.wait()
        yield PDF[1:]

    coming = [asyncio.create_task(deposit(intake, body(number))) for number in range(count)]

    async def all_come() -> bool:
        return len(asked) == count

    await until(all_come)
    yield
    go_on.set()
    assert {one.status_code for one in await asyncio.gather(*coming)} == {201}


async def test_one_more_than_may_come_is_told_so_before_anything_is_kept(intake: Intake) -> None:
    where = await announced(intake)
    async with documents_come(intake, MOST):
        for answer in (await deposit(intake), await send(intake, where, 0, PDF)):
            assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (503, "too-many-documents")
            assert int(answer.headers["retry-after"]) > 0
        assert await intake.count("documents") == MOST + 1
    assert (await send(intake, where, 0, PDF)).status_code == 204


async def test_as_many_as_may_come_do(intake: Intake) -> None:
    async with documents_come(intake, MOST - 1):
        assert (await deposit(intake)).status_code == 201


async def test_who_sends_by_the_command_waits_for_a_place(intake: Intake, run_file: Path) -> None:
    file, told = run_file / "constat.pdf", []
    file.write_bytes(PDF)
    connection = Connection(DREAL, run_file / "run.json")

    async def note(answer: httpx.Response) -> None:
        told.append(answer.status_code)

    async def refused() -> bool:
        return 503 in told

    address = connection.address("intake")
    async with httpx.AsyncClient(base_url=address, event_hooks={"response": [note]}) as client:
        async with documents_come(intake, MOST):
            upload = Uploads(client, connection).upload(sending.announced(file), lambda _: None)
            sent = asyncio.create_task(upload)
            await until(refused)
        document = await sent
    assert (await intake.get(f"/v1/documents/{document}", DREAL)).content == PDF
