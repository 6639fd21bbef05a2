"""A content is clean only where clamd read it whole and found nothing; what else it says, or does not, has its name."""

import asyncio
import socket
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import uvloop

from chassis.errors import Unavailable
from deploy.local.ports import free_ports
from services.intake.scanning import LONGEST_SIGNATURE, Reason, Scanned, Scanner, Unscannable
from services.intake.settings import scanner_address
from tests.services.intake.clamd import EICAR, LARGEST_FILE, LARGEST_STREAM, MB, SIGNATURE, Clamd, needs_clamd

CLEAN, INFECTED = Scanned(infected=False, signature=None), Scanned(infected=True, signature=SIGNATURE)
SHORT = timedelta(milliseconds=100)
Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def content(*parts: bytes, piece: int = 100_000) -> AsyncIterator[bytes]:
    """The parts one after the other, as a client sends them; pieces without a byte among them."""
    for part in parts:
        for start in range(0, len(part), piece):
            yield part[start : start + piece]
        yield b""


async def zeros(length: int, piece: int = 64 * 1024) -> AsyncIterator[bytes]:
    """So many bytes, made as they are asked for."""
    for start in range(0, length, piece):
        yield bytes(min(piece, length - start))


@asynccontextmanager
async def listening(conversation: Conversation) -> AsyncIterator[str]:
    """What is no clamd, at an address; connections are cut when the block is left."""
    open_writers: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.append(writer)
        await conversation(reader, writer)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in open_writers:
            writer.transport.abort()


def saying(answer: bytes, *, reads_first: bool = True) -> Conversation:
    """Says this and hangs up, once it has all of the content `x`."""

    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if reads_first:
            await reader.readuntil(b"x\0\0\0\0")
        writer.write(answer)
        await writer.drain()
        writer.close()

    return conversation


async def said_of(answer: bytes) -> Scanned:
    async with listening(saying(answer)) as url:
        return await Scanner(url).scan(content(b"x"))


@needs_clamd
@pytest.mark.parametrize("way", ["tcp", "unix"])
async def test_what_is_clean_or_infected_is_told_both_ways(scanner: Clamd, way: str) -> None:
    one = Scanner(getattr(scanner, way))
    assert await one.scan(content(b"a letter")) == CLEAN
    assert await one.scan(content(EICAR)) == INFECTED
    assert await one.scan(content(EICAR, piece=7)) == INFECTED


@needs_clamd
@pytest.mark.parametrize("way", ["tcp", "unix"])
async def test_a_virus_far_into_a_large_stream_is_found(scanner: Clamd, way: str) -> None:
    assert await Scanner(getattr(scanner, way)).scan(content(bytes(6 * MB), EICAR, bytes(MB))) == INFECTED


@needs_clamd
async def test_a_chunk_of_many_pieces_is_sent_whole(scanner: Clamd) -> None:
    assert await Scanner(scanner.unix).scan(content(bytes(6 * MB) + EICAR, piece=8 * MB)) == INFECTED


@needs_clamd
async def test_nothing_at_all_is_clean(scanner: Clamd) -> None:
    assert await Scanner(scanner.tcp).scan(content()) == CLEAN
    assert await Scanner(scanner.tcp).scan(content(b"")) == CLEAN


@needs_clamd
@pytest.mark.parametrize("way", ["tcp", "unix"])
@pytest.mark.parametrize("over", [1, 60 * MB])
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_what_is_above_the_largest_stream_is_too_large_though_it_hangs_up_meanwhile(
    scanner: Clamd, way: str, over: int, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def scan() -> Reason:
        with pytest.raises(Unscannable) as caught:
            await Scanner(getattr(scanner, way)).scan(zeros(LARGEST_STREAM + over))
        return caught.value.reason

    with asyncio.Runner(loop_factory=loop) as runner:
        assert [runner.run(scan()) for _ in range(10)] == [Reason.TOO_LARGE] * 10


@needs_clamd
async def test_what_clamd_reads_in_part_only_is_not_clean_nor_infected(scanner: Clamd) -> None:
    with pytest.raises(Unscannable) as caught:
        await Scanner(scanner.tcp).scan(zeros(LARGEST_FILE + MB))
    assert (caught.value.reason, caught.value.said) == (
        Reason.PARTLY_READ,
        "Heuristics.Limits.Exceeded.MaxFileSize",
    )


@needs_clamd
async def test_many_at_once_have_each_their_own_answer(scanner: Clamd) -> None:
    ways = [Scanner(scanner.tcp), Scanner(scanner.unix)]
    parts = [(bytes(100_000), EICAR) if number % 3 == 0 else (bytes(100_000),) for number in range(150)]
    answers = await asyncio.gather(*(ways[number % 2].scan(content(*part)) for number, part in enumerate(parts)))
    assert answers == [INFECTED if len(part) > 1 else CLEAN for part in parts]


@needs_clamd
def test_it_is_the_same_under_uvloop(scanner: Clamd) -> None:
    async def answers() -> list[Scanned]:
        ways = (Scanner(scanner.tcp), Scanner(scanner.unix), Scanner(scanner.tcp.replace("127.0.0.1", "localhost")))
        return [await way.scan(content(bytes(MB), part)) for way in ways for part in (b"x", EICAR)]

    assert uvloop.run(answers()) == [CLEAN, INFECTED] * 3


@pytest.mark.parametrize("scheme", ["tcp://127.0.0.1:{port}", "tcp://localhost:{port}", "unix:///nowhere/{port}.ctl"])
async def test_where_nobody_listens_it_is_unavailable(scheme: str) -> None:
    (port,) = free_ports(1)
    await unavailable(Scanner(scheme.format(port=port)))


async def unavailable(one: Scanner, length: int = 1) -> None:
    with pytest.raises(Unavailable) as caught:
        await one.scan(zeros(length))
    assert caught.value.dependency == "scanner"


@pytest.mark.parametrize("length", [0, 50 * MB])
@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_who_accepts_and_says_nothing_is_waited_for_no_longer_than_a_silence(
    length: int, run: Callable[[Awaitable[None]], None]
) -> None:
    async def silent() -> None:
        with socket.create_server(("127.0.0.1", 0)) as never_read:
            await unavailable(Scanner(f"tcp://127.0.0.1:{never_read.getsockname()[1]}", silence=SHORT), length)

    run(silent())


async def test_who_does_not_even_accept_is_waited_for_no_longer_than_it_takes_to_connect() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        place = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(place)
        await unavailable(Scanner(f"tcp://127.0.0.1:{place[1]}", connecting=SHORT))
        for one in waiting:
            one.close()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_cut_in_the_middle_is_no_answer(run: Callable[[Awaitable[None]], None]) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1_000_000)
        writer.transport.abort()

    async def scan() -> None:
        async with listening(cut) as url:
            await unavailable(Scanner(url), 50 * MB)

    run(scan())


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"stream: OK",
        b"stream: ",
        b"stream: \0",
        b"OK\0",
        b"stream: not OK\0",
        b"other: OK\0",
        b"COMMAND READ TIMED OUT\n",
        b"UNKNOWN COMMAND\0",
        b"Error writing to temporary file. ERROR\0",
        b"stream: Can't write to file ERROR\0",
        b"stream: Can't allocate memory ERROR\0",
        b"stream: OK" * 1_000_000,
        bytes(range(255, -1, -1)),
    ],
    ids=lambda answer: repr(answer[:40]),
)
async def test_what_is_no_word_about_the_content_is_no_answer(answer: bytes) -> None:
    with pytest.raises(Unavailable):
        await said_of(answer)


@pytest.mark.parametrize(
    ("answer", "reason", "said"),
    [
        (b"INSTREAM size limit exceeded. ERROR\0", Reason.TOO_LARGE, "INSTREAM size limit exceeded. ERROR"),
        (b"stream: Exceeded time limit ERROR\0", Reason.UNREADABLE, "Exceeded time limit"),
        (b"stream: Bad\r\nformat\xe9 ERROR\0", Reason.UNREADABLE, "Badformat"),
    ],
)
async def test_what_clamd_cannot_tell_of_has_a_reason(answer: bytes, reason: Reason, said: str) -> None:
    with pytest.raises(Unscannable) as caught:
        await said_of(answer)
    assert (caught.value.reason, caught.value.said) == (reason, said)


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        (b"Win.Test.EICAR_HDB-1", "Win.Test.EICAR_HDB-1"),
        (b"Win.Test(44d88612fea8a8f36de82e1278abb02f:68)", "Win.Test(44d88612fea8a8f36de82e1278abb02f:68)"),
        (b"a\x1b[31m b\xc3\xa9\r\n FOUND", "a[31m b FOUND"),
        (b"x" * 3000, "x" * LONGEST_SIGNATURE),
        (b"", ""),
    ],
    ids=lambda name: repr(name[:20]),
)
async def test_a_signature_is_short_and_printable_whatever_it_was(name: bytes, signature: str) -> None:
    assert await said_of(b"stream: " + name + b" FOUND\0") == Scanned(infected=True, signature=signature)


async def test_an_answer_in_many_packets_is_read_whole() -> None:
    async def bit_by_bit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"x\0\0\0\0")
        for byte in b"stream: OK\0":
            writer.write(bytes([byte]))
            await writer.drain()

    async with listening(bit_by_bit) as url:
        assert await Scanner(url).scan(content(b"x")) == CLEAN


async def test_an_answer_before_the_end_is_read_though_nothing_more_can_be_sent() -> None:
    async with listening(saying(b"stream: Exceeded max scan size ERROR\0", reads_first=False)) as url:
        with pytest.raises(Unscannable):
            await Scanner(url).scan(zeros(50 * MB))


async def test_a_content_that_was_not_sent_whole_is_never_clean() -> None:
    async with listening(saying(b"stream: OK\0", reads_first=False)) as url:
        await unavailable(Scanner(url), 50 * MB)


async def test_what_the_content_raises_is_its_own_affair_and_ends_the_talk() -> None:
    ended = asyncio.Event()

    async def until_cut(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()
        ended.set()

    async def failing() -> AsyncIterator[bytes]:
        yield b"x"
        raise ConnectionResetError

    async with listening(until_cut) as url:
        with pytest.raises(ConnectionResetError):
            await Scanner(url).scan(failing())
        await asyncio.wait_for(ended.wait(), 60)


async def test_two_hundred_megabytes_are_held_a_piece_at_a_time() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = len(b"zINSTREAM\0")
        while left:
            left -= len(await reader.readexactly(left))
            while size := int.from_bytes(await reader.readexactly(4), "big"):
                await reader.readexactly(size)
        writer.write(b"stream: OK\0")

    async with listening(swallow) as url:
        tracemalloc.start()
        try:
            assert await Scanner(url).scan(zeros(200 * MB)) == CLEAN
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    # The other side, here too, holds two pieces and more.
    assert most < 2 * MB


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("tcp://clamd:3310", ("clamd", 3310)),
        ("tcp://[::1]:3310", ("::1", 3310)),
        ("unix:///run/clamav/clamd.ctl", "/run/clamav/clamd.ctl"),
    ],
)
def test_an_address_is_read_from_its_url(url: str, address: tuple[str, int] | str) -> None:
    assert scanner_address(url) == address


@pytest.mark.parametrize(
    "url", ["", "tcp://", "tcp://a:b:3310", "tcp://clamd:99999", "tcp://c:3310/x", "unix:///", "c:1"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"attendue|65535"):
        scanner_address(url)
