"""A way round for TCP: what comes to one port of 127.0.0.1 is passed on to another, badly when it is asked to.

What a half-open connection holds back arrives late once it is mended, as after any cut of a network: also the commit of
somebody whose place another has taken.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cli.faults.plan import DOWN, UP, Way

# Asked with the port that a client comes from and the one that it came to.
Concerns = Callable[[int, int], bool]

_HOST = "127.0.0.1"
_CHUNK = 64 * 1024
_DELAY = 0.3
# An end that the other side sees as a reset, whatever was under way.
_RESET = socket.SO_LINGER, struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Cut:
    """How it goes badly, in which directions, and for whom: `concerns` is asked with a connection's two ports."""

    way: Way
    directions: frozenset[str]
    concerns: Concerns
    mended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class _Link:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    peer: int
    cut: Cut | None = None

    def reset(self) -> None:
        for end in (self.client, self.server):
            # One that is closed already has no options.
            with contextlib.suppress(OSError):
                end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, *_RESET)
        self.end()

    def end(self) -> None:
        self.client.transport.abort()
        self.server.transport.abort()


class Detour:
    """One port; open while its block lasts."""

    def __init__(self, port: int, leads_to: int) -> None:
        self.port = port
        self._leads_to = leads_to
        self._links: set[_Link] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self._cut: Cut | None = None
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Detour":
        self._server = await asyncio.start_server(self._begin, _HOST, self.port)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.mend()
        if self._server:
            self._server.close()
        for link in set(self._links):
            link.end()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def cut(self, cut: Cut) -> None:
        """From now on, until `mend`: for connections that there are and those that come."""
        self._cut = cut
        for link in set(self._links):
            self._apply(link)

    def mend(self) -> None:
        """What is held back passes on."""
        if self._cut:
            self._cut.mended.set()
        self._cut = None
        for link in self._links:
            link.cut = None

    def _apply(self, link: _Link) -> None:
        if self._cut and self._cut.concerns(link.peer, self.port):
            link.cut = self._cut
            if self._cut.way is Way.DROPPED:
                link.reset()

    def _begin(self, from_client: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._accept(from_client, client))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _accept(self, from_client: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            from_server, server = await asyncio.open_connection(_HOST, self._leads_to)
        except OSError:
            client.transport.abort()
            return
        link = _Link(client, server, client.get_extra_info("peername")[1])
        self._links.add(link)
        self._apply(link)
        try:
            await asyncio.gather(
                self._pass_on(link, UP, from_client, server), self._pass_on(link, DOWN, from_server, client)
            )
        except OSError:
            link.reset()
        finally:
            self._links.discard(link)
            link.end()

    async def _pass_on(
        self, link: _Link, direction: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(_CHUNK):
            await _held_back(link, direction)
            writer.write(data)
            await writer.drain()
        await _held_back(link, direction)
        with contextlib.suppress(OSError):
            writer.write_eof()


async def _held_back(link: _Link, direction: str) -> None:
    cut = link.cut
    if cut is None or direction not in cut.directions:
        return
    if cut.way is Way.DELAYED:
        await asyncio.sleep(_DELAY)
    else:
        await cut.mended.wait()


def connected_from(pid: int) -> Concerns:
    """Whether a TCP connection of this machine begins in that process (proc(5))."""

    def is_its(near: int, far: int) -> bool:
        inode = _inodes().get((near, far))
        return inode is not None and inode in _sockets_of(pid)

    return is_its


def _inodes() -> dict[tuple[int, int], str]:
    """By both ports: one that a client comes from serves for several connections, to different places."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    columns = (line.split() for line in lines)
    return {(_port(one[1]), _port(one[2])): one[9] for one in columns}


def _port(end: str) -> int:
    return int(end.rpartition(":")[2], 16)


def _sockets_of(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                name = str(descriptor.readlink())
                if name.startswith("socket:["):
                    found.add(name[8:-1])
    return found
