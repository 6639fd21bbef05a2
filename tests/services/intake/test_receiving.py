"""What is whole is what was promised, and nothing is left of what did not count, whoever is overtaken by whom."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.errors import Unavailable
from services.intake import documents_store
from services.intake.arriving import LARGEST_HANDFUL
from services.intake.contents import Contents
from services.intake.documents_store import Document, DocumentState
from services.intake.objects import DEPENDENCY, Objects
from services.intake.receiving import DigestDiffers, Overtaken, Receiver
from services.intake.turns import Turns
from tests.processes import until
from tests.services.intake.conftest import DREAL, Intake
from tests.services.intake.documents import PDF

HALF = len(PDF) // 2
DAMAGED = PDF[:-1] + b"\x00"
WAITS = timedelta(days=1)


class Disk(Objects):
    """A folder, each of whose objects is synced once the test says how that ends."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.syncing: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()

    async def sync(self, key: str) -> None:
        ends = asyncio.get_running_loop().create_future()
        self.syncing.put_nowait(ends)
        await ends
        await super().sync(key)


class Broken(Objects):
    """Takes one piece, and fails."""

    async def put(self, key: str, pieces: AsyncIterator[bytes], *, chunk: int) -> None:  # noqa: ARG002 - as its base
        await anext(pieces)
        raise Unavailable(DEPENDENCY)


@pytest.fixture
def disk(object_folder: Path) -> Disk:
    return Disk(object_folder.as_uri())


@pytest.fixture
def receiver(intake: Intake, disk: Disk) -> Receiver:
    return receiver_into(disk, intake)


def receiver_into(objects: Objects, intake: Intake) -> Receiver:
    return Receiver(Contents(objects, Turns(intake.running.transactions)), intake.running.parts.crash)


async def a_handful_moves(receiver: Receiver) -> None:
    async with asyncio.timeout(30), receiver.turns.handful():
        pass


async def begun(receiver: Receiver, length: int = len(PDF)) -> Document:
    """A document that is announced, with its digest."""
    announced = {"length": length, "declared_type": "application/pdf", "promised": hashlib.sha256(PDF).hexdigest()}
    return await receiver.begin(DREAL, WAITS, **announced)


async def found(receiver: Receiver, one: Document) -> Document:
    async with receiver.turns.connect() as connection:
        document = await documents_store.find(connection, one.id)
    assert document is not None
    return document


def receiving(receiver: Receiver, one: Document, content: bytes) -> asyncio.Task[int]:
    """A request that brings what comes next."""

    async def stream() -> AsyncIterator[bytes]:
        yield content

    return asyncio.create_task(receiver.receive(one, stream(), WAITS))


async def test_of_two_at_once_whoever_counts_first_is_held_to_the_promise(
    intake: Intake, receiver: Receiver, disk: Disk
) -> None:
    one = await begun(receiver)
    damaged = receiving(receiver, one, DAMAGED)
    first = await disk.syncing.get()
    undamaged = receiving(receiver, one, PDF)
    second = await disk.syncing.get()
    first.set_result(None)
    await damaged
    completing = asyncio.create_task(receiver.complete(one.id))

    async def decided() -> bool:
        return [row.state for row in await intake.rows("SELECT state FROM documents")] != [DocumentState.ARRIVING]

    await until(decided)
    second.set_result(None)
    with pytest.raises(DigestDiffers):
        await completing
    with pytest.raises(Overtaken):
        await undamaged


async def test_what_did_not_count_says_nothing_of_what_is_sent_instead(receiver: Receiver, disk: Disk) -> None:
    one = await begun(receiver)
    beginning = receiving(receiver, one, PDF[:HALF])
    (await disk.syncing.get()).set_result(None)
    await beginning
    failing = receiving(receiver, await found(receiver, one), PDF[HALF:])
    (await disk.syncing.get()).set_exception(Unavailable(DEPENDENCY))
    with pytest.raises(Unavailable):
        await failing
    again = receiving(receiver, await found(receiver, one), DAMAGED[HALF:])
    (await disk.syncing.get()).set_result(None)
    await again
    with pytest.raises(DigestDiffers):
        await receiver.complete(one.id)


async def test_a_store_that_fails_in_the_middle_of_a_document_keeps_no_other_waiting(
    intake: Intake, object_folder: Path
) -> None:
    receiver = receiver_into(Broken(object_folder.as_uri()), intake)
    failing = receiving(receiver, await begun(receiver), PDF)
    # Whoever looks at what failed, as a log does, holds all that it went through.
    with pytest.raises(Unavailable):
        await failing
    assert failing.done()
    await a_handful_moves(receiver)


async def test_a_request_that_is_ended_keeps_no_other_waiting(receiver: Receiver) -> None:
    asked, more = asyncio.Event(), asyncio.Event()

    async def stream() -> AsyncIterator[bytes]:
        yield bytes(LARGEST_HANDFUL)
        asked.set()
        await more.wait()

    ended = asyncio.create_task(receiver.receive(await begun(receiver, 2 * LARGEST_HANDFUL), stream(), WAITS))
    await asked.wait()
    await a_handful_moves(receiver)
    ended.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ended
    await a_handful_moves(receiver)
