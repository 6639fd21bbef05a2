"""Clients who hold a connection: those who say nothing, and those who send a byte a second."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chassis.connections import open_files
from cli.bench_measures import PATH, System, Unmeasured

_AT_ONCE = 100
_BYTE_SECONDS = 1.0
# As a client that will send a procedure of half a megabyte, some day.
_BEGUN = "POST {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: 500000\r\n\r\n"


@dataclass
class Crowd:
    """Connections that are held; what they are answered is read, and thrown away."""

    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _reading: list[asyncio.Task[bytes]] = field(default_factory=list)

    @property
    def ended(self) -> int:
        """How many the service has ended by now."""
        return sum(task.done() for task in self._reading)

    async def grow(self, host: str, port: int, count: int) -> None:
        """So many more, at once."""
        opened = await asyncio.gather(*(asyncio.open_connection(host, port) for _ in range(count)))
        self.writers += [writer for _, writer in opened]
        self._reading += [asyncio.create_task(reader.read()) for reader, _ in opened]

    async def leave(self) -> None:
        """Close what is left."""
        for writer in self.writers:
            writer.close()
        await asyncio.gather(*self._reading, return_exceptions=True)


@asynccontextmanager
async def silent(system: System, service: str, count: int) -> AsyncIterator[Crowd]:
    """So many connections on which nothing is said. Raises Unmeasured where they cannot be had."""
    room_for(count)
    crowd = Crowd()
    parts = urlsplit(system.url(service))
    try:
        while len(crowd.writers) < count:
            more = min(_AT_ONCE, count - len(crowd.writers))
            await crowd.grow(str(parts.hostname), parts.port or 80, more)
        yield crowd
    except OSError as error:
        raise Unmeasured(f"{count} connexions n’ont pas pu être ouvertes : {error}.") from None
    finally:
        await crowd.leave()


@asynccontextmanager
async def dripping(system: System, count: int) -> AsyncIterator[Crowd]:
    """So many clients of intake who send a byte a second of a body that they announced."""
    headers = system.headers("administration:bench-slow") | {"Idempotency-Key": "slow"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    async with silent(system, "intake", count) as crowd:
        host = urlsplit(system.url("intake")).netloc
        for writer in crowd.writers:
            writer.write(_BEGUN.format(path=PATH, host=host, headers=lines).encode())
        task = asyncio.create_task(_drip(crowd))
        try:
            yield crowd
        finally:
            task.cancel()


async def _drip(crowd: Crowd) -> None:
    while True:
        for writer in crowd.writers:
            if not writer.is_closing():
                writer.write(b" ")
        await asyncio.sleep(_BYTE_SECONDS)


def room_for(count: int) -> None:
    """Have room for so many connections. Raises Unmeasured."""
    room = open_files(count)
    if room < count:
        raise Unmeasured(f"Ce compte ne peut ouvrir que {room} connexions (ulimit -Hn) : il en faut {count}.")
