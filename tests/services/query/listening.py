"""The service over real HTTP with its workers and its bell, and clients of its streams."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from chassis.connections import bounded_server
from chassis.service import Running
from deploy.local.ports import free_ports
from tests.processes import until
from tests.services.imports import working
from tests.services.issuer import Issuer

LIMIT = 60


@dataclass(frozen=True)
class Heard:
    """An event as its client sees it."""

    id: str
    event: str
    data: Any


@dataclass
class Listener:
    """A stream that was opened, or refused."""

    answer: httpx.Response
    lines: AsyncIterator[str]
    heartbeats: int = 0

    async def next(self) -> Heard | None:
        """The next event; None where the stream has ended."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(LIMIT):
            async for line in self.lines:
                if line.startswith(":"):
                    self.heartbeats += 1
                elif line:
                    name, _, value = line.partition(": ")
                    assert name not in fields
                    fields[name] = value
                elif fields:
                    return Heard(fields["id"], fields["event"], json.loads(fields["data"]))
        return None

    async def facts(self, count: int) -> list[str]:
        """The ids of so many facts, which are all that comes."""
        found = [await self.next() for _ in range(count)]
        assert all(one is not None and one.event == "fact" for one in found), found
        return [one.data["id"] for one in found if one is not None]

    async def ended(self) -> list[Heard]:
        """All that comes until it ends."""
        found = []
        while (one := await self.next()) is not None:
            found.append(one)
        return found


@dataclass(frozen=True)
class Listening:
    """Opens streams."""

    url: str
    issuer: Issuer

    @asynccontextmanager
    async def open(
        self, path: str = "/v1/stream", organisation: str = "operator", after: str = "", **more: Any
    ) -> AsyncIterator[Listener]:
        """As a client does, from the place given or where it is now."""
        headers = self.issuer.bearer(organisation, **more) | ({"Last-Event-ID": after} if after else {})
        async with (
            httpx.AsyncClient(base_url=self.url, timeout=LIMIT, trust_env=False) as client,
            client.stream("GET", path, headers=headers) as answer,
        ):
            yield Listener(answer, answer.aiter_lines())

    async def refused(self, path: str = "/v1/stream", organisation: str = "operator", after: str = "") -> int:
        """The status of a stream that is not opened."""
        async with self.open(path, organisation, after) as listener:
            return listener.answer.status_code


@asynccontextmanager
async def listening(running: Running, issuer: Issuer, port: int | None = None) -> AsyncIterator[Listening]:
    """While the block lasts; then as at SIGTERM."""
    port = port or free_ports(1)[0]
    server = bounded_server(running.app, ("127.0.0.1", port), 8000)
    serving = asyncio.create_task(server.serve())
    ringing = asyncio.create_task(running.facts_applied.run())
    await until(partial(_started, server))
    try:
        async with working(running):
            yield Listening(f"http://127.0.0.1:{port}", issuer)
    finally:
        server.should_exit = True
        await serving
        ringing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ringing


async def _started(server: Any) -> bool:
    return bool(server.started)
