"""What is whole is what was promised, and nothing is left of what did not count, whoever is overtaken by whom."""

import asyncio
import gc
import hashlib
import weakref
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.errors import Unavailable
from services.intake import arriving, documents_store
from services.intake.arriving import LARGEST_HANDFUL
from services.intake.contents import Contents
from services.intake.documents_store import Document, DocumentState, prefix_of
from services.intake.objects import DEPENDENCY, Objects
from services.intake.receiving import DigestDiffers, Overtaken, Receiver
from services.intake.turns import Turns
from tests.processes import until
from tests.services.intake.conftest import DREAL, Collected, Intake
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


class Bucket(Disk):
    """As S3: an object is there when putting it has ended, which the test says too."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.putting: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()

    async def put(self, key: str, pieces: AsyncIterator[bytes], *, chunk: int) -> None:
        content = [piece async for piece in pieces]
        ends = asyncio.get_running_loop().create_future()
        self.putting.put_nowait(ends)
        await ends
        await super().put(key, each_of(content), chunk=chunk)


async def each_of(content: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


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


async def decided(intake: Intake) -> bool:
    """Whether the only document arrives no more."""
    return [row.state for row in await intake.rows("SELECT state FROM documents")] != [DocumentState.ARRIVING]


def receiving(receiver: Receiver, one: Document, content: bytes) -> asyncio.Task[int]:
    """A request that brings what comes next."""
    return asyncio.create_task(receiver.receive(one, each_of([content]), WAITS))


@dataclass
class Underway:
    """A request whose first part is being counted, while its second is being put."""

    receiver: Receiver
    one: Document
    counted: asyncio.Future[None]
    put: asyncio.Future[None]
    coming: asyncio.Task[int]

    def folder(self, objects: Path) -> Path:
        return objects / prefix_of(self.one.id)


@pytest.fixture
def bucket(object_folder: Path) -> Bucket:
    return Bucket(object_folder.as_uri())


@pytest.fixture
async def underway(intake: Intake, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Underway:
    monkeypatch.setattr(arriving, "PART_BYTES", LARGEST_HANDFUL)
    receiver = receiver_into(bucket, intake)
    one, content = await begun(receiver, 2 * LARGEST_HANDFUL), 2 * [bytes(LARGEST_HANDFUL)]
    coming = asyncio.create_task(receiver.receive(one, each_of(content), WAITS))
    (await bucket.putting.get()).set_result(None)
    return Underway(receiver, one, await bucket.syncing.get(), await bucket.putting.get(), coming)


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
    await until(lambda: decided(intake), what="whole or given up")
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


async def test_nothing_is_left_of_what_another_gives_up_while_it_comes(
    intake: Intake, bucket: Bucket, underway: Underway, object_folder: Path
) -> None:
    assert await receiver_into(bucket, intake).give_up(underway.one.id)
    underway.put.set_result(None)

    async def put() -> bool:
        return any(one.is_file() for one in underway.folder(object_folder).glob("*"))

    await until(put)
    underway.counted.set_result(None)
    with pytest.raises(Overtaken):
        await underway.coming
    assert await bucket.sizes(prefix_of(underway.one.id)) == {}


async def test_what_is_given_up_is_removed_when_nothing_of_it_comes_any_more(
    intake: Intake, underway: Underway, object_folder: Path
) -> None:
    giving_up = asyncio.create_task(underway.receiver.give_up(underway.one.id))
    await until(lambda: decided(intake), what="given up")
    underway.put.set_result(None)
    underway.counted.set_result(None)
    with pytest.raises(Overtaken):
        await underway.coming
    assert await giving_up
    assert not underway.folder(object_folder).exists()
    assert await intake.count("documents") == 0


async def test_what_cannot_be_removed_now_is_given_up_all_the_same(
    intake: Intake, receiver: Receiver, collected: Collected, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: Objects, prefix: str) -> None:
        raise Unavailable(DEPENDENCY)

    one = await begun(receiver)
    with monkeypatch.context() as patched:
        patched.setattr(Objects, "remove", fails)
        assert await receiver.give_up(one.id)
    assert await intake.count("documents") == 1
    assert await collected(timedelta()) == 1


async def test_where_two_parts_fail_nothing_is_said_beside_the_answer(underway: Underway) -> None:
    said: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    underway.counted.set_exception(Unavailable("disk"))
    underway.put.set_exception(Unavailable(DEPENDENCY))
    with pytest.raises(Unavailable):
        await underway.coming
    # What was raised knows where it passed, and so the first part's task.
    ended = weakref.ref(underway.coming)
    del underway.coming, underway.put

    async def forgotten() -> bool:
        gc.collect()
        return ended() is None

    await until(forgotten)
    assert said == []
