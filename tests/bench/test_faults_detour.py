"""A detour passes on what comes, and when it is asked to it ends, delays or holds back what it is asked to."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cli.faults.detour import Concerns, Cut, Detour, connected_from
from cli.faults.plan import DOWN, UP, Way
from deploy.local.ports import free_ports

HOST = "127.0.0.1"
BOTH = frozenset({UP, DOWN})


class Line:
    """A client's connection through the detour to a server that says again what it hears."""

    def __init__(self, detour: Detour, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.detour = detour
        self._reader = reader
        self._writer = writer

    def say(self, words: bytes) -> None:
        self._writer.write(words)

    async def hear(self, seconds: float = 5) -> bytes:
        return await asyncio.wait_for(self._reader.read(100), seconds)

    def cut(self, way: Way, directions: frozenset[str] = BOTH, concerns: Concerns = lambda _near, _far: True) -> None:
        self.detour.cut(Cut(way, directions, concerns))


@asynccontextmanager
async def a_line(heard: list[bytes] | None = None) -> AsyncIterator[Line]:
    """Open while the block lasts."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while words := await reader.read(100):
            if heard is not None:
                heard.append(words)
            writer.write(words)
        writer.close()

    server_port, detour_port = free_ports(2)
    server = await asyncio.start_server(echo, "127.0.0.1", server_port)
    async with server, Detour(detour_port, server_port) as detour:
        reader, writer = await asyncio.open_connection("127.0.0.1", detour_port)
        yield Line(detour, reader, writer)
        writer.close()


async def test_what_comes_passes_on_and_the_answer_comes_back() -> None:
    async with a_line() as line:
        line.say(b"bonjour")
        assert await line.hear() == b"bonjour"


async def test_dropped_connections_end_and_new_ones_are_refused_until_mended() -> None:
    async with a_line() as line:
        line.say(b"avant")
        assert await line.hear() == b"avant"
        line.cut(Way.DROPPED)
        with pytest.raises(ConnectionResetError):
            await line.hear()
        assert await ends_at_once(line.detour)
        line.detour.mend()
        assert not await ends_at_once(line.detour)


async def ends_at_once(detour: Detour) -> bool:
    """Whether a new connection is ended instead of answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", detour.port)
    try:
        writer.write(b"encore")
        return await asyncio.wait_for(reader.read(100), 30) == b""
    except ConnectionError:
        return True
    finally:
        writer.close()


@pytest.mark.parametrize("direction", [UP, DOWN])
async def test_what_a_half_open_connection_holds_back_arrives_late(direction: str) -> None:
    heard: list[bytes] = []
    async with a_line(heard) as line:
        line.say(b"avant")
        assert await line.hear() == b"avant"
        line.cut(Way.HALF_OPEN, frozenset({direction}))
        line.say(b"tard")
        with pytest.raises(TimeoutError):
            await line.hear(0.2)
        assert heard == [b"avant"] + ([] if direction == UP else [b"tard"])
        line.detour.mend()
        assert await line.hear() == b"tard"


async def test_what_is_delayed_arrives() -> None:
    async with a_line() as line:
        line.cut(Way.DELAYED)
        line.say(b"lentement")
        with pytest.raises(TimeoutError):
            await line.hear(0.1)
        assert await line.hear() == b"lentement"


async def test_a_cut_of_one_process_concerns_its_connections_alone() -> None:
    async with a_line() as line:
        line.say(b"avant")
        assert await line.hear() == b"avant"
        line.cut(Way.DROPPED, concerns=connected_from(os.getppid()))
        line.say(b"toujours")
        assert await line.hear() == b"toujours"
        line.cut(Way.DROPPED, concerns=connected_from(os.getpid()))
        with pytest.raises(ConnectionResetError):
            await line.hear()


async def test_connections_from_one_port_to_different_places_are_told_apart() -> None:
    with socket.create_server((HOST, 0)) as here, socket.create_server((HOST, 0)) as there, a_socket() as one:
        one.connect(here.getsockname())
        near, far, elsewhere = (end.getsockname()[1] for end in (one, here, there))
        with a_socket(near) as other:
            other.connect(there.getsockname())
            its = connected_from(os.getpid())
            assert its(near, far)
            assert its(near, elsewhere)
        # What is left of it is nobody's.
        assert its(near, far)
        assert not its(near, elsewhere)


def a_socket(port: int = 0) -> socket.socket:
    """One that shares the port it comes from."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((HOST, port))
    return made
