"""A part of the stack that speaks HTTP: alive when it answers, ready when its /readyz says so."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from deploy.local.child import Child
from deploy.local.readiness import until_ready
from deploy.local.server import Server

_START_LIMIT = 60.0
_POLL = 0.05


class HttpProcess(Server):
    """One process that listens at `url`."""

    # A service finishes what is in hand for 8 s at most.
    stop_limit = 15.0

    def __init__(
        self, name: str, command: Sequence[str | Path], *, url: str, log: Path, environment: Mapping[str, str]
    ) -> None:
        super().__init__(name, log)
        self.url = url
        self._command = command
        self._environment = environment

    async def start(self) -> None:
        """Answers once it is alive, ready or not: what it stands on may be down. Raises StackError."""
        self.child = Child.start(self.name, self._command, log=self.log, environment=self._environment)
        await until_ready(self.child, _when_ok(f"{self.url}/healthz", []), limit=_START_LIMIT)

    async def until_ready(self) -> None:
        """Answers once it can work. Raises StackError."""
        answers: list[str] = []
        await until_ready(self._last(), _when_ok(f"{self.url}/readyz", answers), limit=_START_LIMIT, saying=answers)


async def _when_ok(url: str, answers: list[str]) -> None:
    """Answers once it is 200; until then the last answer is in `answers`."""
    # Never by way of a proxy that the environment names for the world outside.
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        while True:
            try:
                answer = await client.get(url)
            except httpx.HTTPError:
                await asyncio.sleep(_POLL)
                continue
            if answer.status_code == httpx.codes.OK:
                return
            answers[:] = [answer.text]
            await asyncio.sleep(_POLL)
