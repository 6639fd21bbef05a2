"""Clients that follow one organisation's stream, so many in one process that each is a protocol and no task."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cli.bench_measures import System, Unmeasured
from cli.bounds.crowd import room_for

ADMINISTRATION = "bench-streams"
_AT_ONCE = 100
_HERE, _FACT = b"event: here\n", b"event: fact\n"
_REQUEST = "GET /v1/stream HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n{headers}\r\n"


@dataclass
class Followers:
    """All of them; `heard` are, by fact, the moments at which one after the other had it (`perf_counter`)."""

    begun: int = 0
    ended: int = 0
    heard: list[list[float]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, place: int) -> None:
        """One of them has that fact."""
        while len(self.heard) <= place:
            self.heard.append([])
        self.heard[place].append(time.perf_counter())
        self.changed.set()

    async def all_begun(self, count: int, patience: float) -> None:
        """Until so many have been told where they stand. Raises Unmeasured."""
        await self._until(lambda: self.begun >= count, f"{count} flux ouverts", patience)

    async def all_heard(self, place: int, count: int, patience: float) -> list[float]:
        """The moments at which so many had that fact. Raises Unmeasured."""
        what = f"un fait reçu par {count} flux"
        await self._until(lambda: len(self.heard) > place and len(self.heard[place]) >= count, what, patience)
        return self.heard[place]

    async def _until(self, done: Callable[[], bool], what: str, patience: float) -> None:
        try:
            async with asyncio.timeout(patience):
                while not done():
                    await self.changed.wait()
                    self.changed.clear()
        except TimeoutError:
            raise Unmeasured(f"Pas de {what} en {patience:.0f} s ; {self.ended} flux ont fini.") from None


class _Follower(asyncio.Protocol):
    def __init__(self, followers: Followers, request: bytes) -> None:
        self._followers = followers
        self._request = request
        self._rest = b""
        self._facts = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request)  # type: ignore[attr-defined]  # a transport of TCP

    def data_received(self, data: bytes) -> None:
        text = self._rest + data
        if _HERE in text:
            self._followers.begun += 1
            self._followers.changed.set()
        for _ in range(text.count(_FACT)):
            self._followers.hear(self._facts)
            self._facts += 1
        # A mark may be cut; a whole one is not counted twice.
        self._rest = text[-(len(_FACT) - 1) :]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self._followers.ended += 1
        self._followers.changed.set()


@asynccontextmanager
async def following(system: System, count: int, patience: float) -> AsyncIterator[Followers]:
    """So many streams, open and told where they stand. Raises Unmeasured."""
    room_for(count)
    parts, followers = urlsplit(system.url("query")), Followers()
    host, port = str(parts.hostname), parts.port or 80
    lines = system.headers(f"administration:{ADMINISTRATION}")
    headers = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    request = _REQUEST.format(host=parts.netloc, headers=headers).encode()
    transports: list[asyncio.Transport] = []
    loop = asyncio.get_running_loop()
    try:
        while len(transports) < count:
            more = min(_AT_ONCE, count - len(transports))
            opened = await asyncio.gather(
                *(loop.create_connection(lambda: _Follower(followers, request), host, port) for _ in range(more))
            )
            transports += [transport for transport, _ in opened]
            await followers.all_begun(len(transports), patience)
        yield followers
    except OSError as error:
        raise Unmeasured(f"{count} flux n’ont pas pu être ouverts : {error}.") from None
    finally:
        for transport in transports:
            transport.close()
