"""Slow, silent and endless clients are ended, and told why where they can be told; others are served meanwhile."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import APIRouter, Request

from chassis.bodies import Pace
from chassis.connections import BoundedConnection, ConnectionBounds, open_files
from tests.chassis.application import bare_app
from tests.processes import until

BRISK = Pace(seconds=0.3, bytes_a_second=1000)
# So long, that a crowded loop has the answer read before the end.
PATIENT = ConnectionBounds(unwanted_seconds=1.5)
IMPATIENT = replace(PATIENT, head_seconds=0.5)
POST = b"POST /pieces HTTP/1.1\r\nhost: tests\r\ncontent-length: 1000000\r\n\r\n"


def routes() -> APIRouter:
    router = APIRouter()

    @router.post("/pieces")
    async def count(request: Request) -> int:
        return sum([len(piece) async for piece in request.stream()])

    @router.post("/unread")
    async def read_nothing() -> str:
        return "nothing"

    return router


@asynccontextmanager
async def serving(
    bounds: ConnectionBounds = PATIENT, pace: Pace = BRISK, connection: type[BoundedConnection] = BoundedConnection
) -> AsyncIterator[int]:
    """A service without a database, on a port of its own."""
    app = bare_app(routes(), pace=pace)
    protocol: Any = partial(connection, bounds=bounds)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, http=protocol, log_config=None, lifespan="off")
    )
    task = asyncio.create_task(server._serve())  # noqa: SLF001 - without its signals
    await until(lambda: _started(server), what="started")
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def _heard(taken: list[socket.socket]) -> bool:
    return bool(taken)


async def _started(server: uvicorn.Server) -> bool:
    return server.started


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def all_of(reader: asyncio.StreamReader) -> bytes:
    """What came until the end, be it abrupt: whoever has closed answers what comes then with a reset."""
    came = b""
    with suppress(ConnectionResetError, BrokenPipeError):
        while piece := await reader.read(2**16):
            came += piece
    return came


async def dripped(port: int, begun: bytes, drop: bytes, pause: float = 0.02) -> bytes:
    """What a client is answered that sends a drop now and then, until it is ended; meanwhile another is served."""
    async with connected(port) as (reader, writer), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as other:
        writer.write(begun)
        answer = asyncio.create_task(all_of(reader))
        async with asyncio.timeout(90):
            while not answer.done():
                writer.write(drop)
                assert (await other.get("/healthz")).status_code == 200
                await asyncio.wait([answer], timeout=pause)
        return answer.result()


async def test_a_body_that_drips_is_told_that_it_is_too_slow() -> None:
    async with serving() as port:
        answer = await dripped(port, POST, b"x")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"problems/too-slow" in answer
    assert "octets reçus en".encode() in answer


async def test_a_body_that_has_earned_much_time_may_not_pause_for_all_of_it() -> None:
    pace = Pace(seconds=3600, longest_pause=0.3)
    async with serving(pace=pace) as port, connected(port) as (reader, writer), asyncio.timeout(90):
        writer.write(POST + b"x" * 1000)
        answer = await all_of(reader)
    assert answer.startswith(b"HTTP/1.1 408")
    assert "1000 octets reçus en".encode() in answer


async def test_a_line_that_is_dead_is_noticed_while_it_is_the_client_s_turn() -> None:
    taken: list[socket.socket] = []

    class Noted(BoundedConnection):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
            super().connection_made(transport)
            taken.append(transport.get_extra_info("socket"))

    async with serving(connection=Noted) as port, connected(port) as (_, writer):
        writer.write(POST)
        await until(lambda: _heard(taken), what="connected")
        (line,) = taken
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        # Several times within what an answer may be untaken: the system then counts both as one.
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        assert [line.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [30, 5, 6]
        writer.close()


async def test_a_body_that_keeps_its_pace_is_taken_however_long_it_lasts() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield b"x" * 1000
            await asyncio.sleep(0.05)

    async with serving() as port, httpx.AsyncClient() as client:
        assert (await client.post(f"http://127.0.0.1:{port}/pieces", content=pieces())).json() == 12_000


async def test_a_head_that_drips_and_one_that_never_comes_are_ended() -> None:
    async with serving(IMPATIENT) as port:
        assert (await dripped(port, b"GET /healthz HTTP/1.1\r\nx-slow: ", b"x")).startswith(b"HTTP/1.1 408")
        assert (await dripped(port, b"\r\n", b"\r\n")).startswith(b"HTTP/1.1 408")
        async with connected(port) as (reader, _):
            assert await reader.read() == b""


async def test_a_head_without_end_is_refused_at_its_limit() -> None:
    async with serving(replace(PATIENT, head_bytes=4096)) as port:
        answer = await dripped(port, b"GET /healthz HTTP/1.1\r\n", b"x-more: " + b"x" * 1000 + b"\r\n", pause=0)
    assert answer.startswith(b"HTTP/1.1 431")


async def test_whoever_comes_when_all_places_are_taken_is_told_so() -> None:
    async with serving(ConnectionBounds(most=2)) as port, httpx.AsyncClient() as client:
        async with connected(port), connected(port):
            answer = await client.get(f"http://127.0.0.1:{port}/healthz")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert answer.json()["type"].endswith("/too-many-connections")

        async def has_place() -> bool:
            return (await client.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200

        await until(has_place, what="a place")


async def test_silent_clients_cannot_take_the_files_that_are_kept_free() -> None:
    crowded = ConnectionBounds(most=1, told=1, head_seconds=600)
    async with (
        serving(crowded) as port,
        asyncio.timeout(90),
        connected(port),
        connected(port),
        connected(port) as (reader, _),
    ):
        assert await reader.read() == b""


async def test_a_body_nobody_wanted_is_not_read_for_ever() -> None:
    async with serving(IMPATIENT) as port:
        answer = await dripped(port, POST.replace(b"/pieces", b"/unread"), b"x")
    assert answer.startswith(b"HTTP/1.1 200")


async def test_a_body_that_was_answered_is_not_swallowed_to_its_end() -> None:
    async with serving() as port:
        sent, answer = await asyncio.to_thread(stubborn, port)
    assert answer.endswith(b'"nothing"')
    # Beside what the two ends of a connection hold.
    assert sent < 64, "MiB"


def stubborn(port: int) -> tuple[int, bytes]:
    """How many MiB can be sent of a body that nobody wants, and the answer that is read only then."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(POST.replace(b"/pieces", b"/unread").replace(b"1000000", b"1073741824"))
        for sent in range(1024):
            try:
                line.sendall(b" " * 1024 * 1024)
            except OSError:
                return sent, line.recv(1000)
    return 1024, b""


async def test_requests_sent_ahead_are_answered_in_turn() -> None:
    request = b"GET /healthz HTTP/1.1\r\nhost: tests\r\n\r\n"
    async with serving() as port, connected(port) as (reader, writer):
        writer.write(request * 20)
        for _ in range(20):
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            await reader.readuntil(b'{"status":"alive"}')


@pytest.mark.parametrize("most", [1, 10**9])
def test_there_is_room_for_what_may_be_opened_alone(most: int) -> None:
    assert 1 <= open_files(most) <= most
