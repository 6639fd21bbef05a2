"""The whole system as its users start it: `infoparquet up` in a folder of its own."""

import asyncio
import json
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio

from chassis.tls import trusted
from deploy.local.folders import fresh_folder
from tests.processes import ROOT, free_port_base, until

SERVICES = ("intake", "numbering", "routing", "notify", "query")


@dataclass
class System:
    """One data folder; `accepted` is every procedure that got a 202, as the client saw it."""

    data: Path
    port_base: int
    accepted: list[UUID] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None

    async def up(self, *options: str) -> None:
        """Start it and wait until its run file says it is ready."""
        with (self.data.with_suffix(".up.log")).open("ab") as log:
            self.process = await self.command(
                "up", "--port-base", str(self.port_base), "--no-traces", *options, stderr=log
            )
        await until(self._ready, seconds=240, what="up")

    async def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, self.data.with_suffix(".up.log").read_text()
        # A killed run leaves its file behind.
        return (self.data / "run.json").exists() and self.run_file["pid"] == self.process.pid

    async def command(self, name: str, *words: str, **streams: Any) -> asyncio.subprocess.Process:
        """Start a subcommand on this system."""
        words = (*words, "--data", str(self.data))
        return await asyncio.create_subprocess_exec(sys.executable, "-m", "cli.main", name, *words, cwd=ROOT, **streams)

    @property
    def run_file(self) -> dict[str, Any]:
        """What runs where."""
        content: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return content

    def url(self, service: str) -> str:
        """A service's address."""
        return str(self.run_file["services"][service]["url"])

    def token(self, organisation: str) -> dict[str, str]:
        """The header that speaks for an organisation."""
        return {"Authorization": f"Bearer {self.run_file['tokens'][organisation]}"}

    def pid(self, part: str) -> int:
        """The process of a part: a service, `kafka`, `postgres` or `supervisor`."""
        run = self.run_file
        match part:
            case "supervisor":
                return int(run["pid"])
            case "kafka":
                return int(run["nodes"][0]["pid"])
            case "postgres":
                return int(run["postgres"]["pid"])
            case _:
                return int(run["services"][part]["pids"][0])

    async def send(self, file: Path) -> list[UUID]:
        """Send a file, again and again until every line is accepted; returns the ids, one a line."""
        while True:
            sending = await self.command(
                "send", str(file), "--json", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
            )
            output, _ = await sending.communicate()
            results = [json.loads(line) for line in output.decode().splitlines()]
            if sending.returncode == 0:
                return [UUID(result["id"]) for result in results]
            assert all(result["status"] == 202 for result in results), results

    async def missing(self, service: str) -> dict[str, str]:
        """What a service's readiness names, empty when it is ready."""
        async with httpx.AsyncClient(verify=trusted(), timeout=30) as client:
            answer = await client.get(f"{self.url(service)}/readyz")
            named: dict[str, str] = answer.json().get("missing", {})
            return named

    async def down(self) -> None:
        """Stop it in order."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(self.process.wait(), 60) == 0


async def is_ready(system: System, service: str) -> bool:
    """Whether its readiness names nothing."""
    return not await system.missing(service)


@asynccontextmanager
async def open_system(*options: str) -> AsyncIterator[System]:
    """A system that runs, on ports of its own; its folder's name has spaces and accents."""
    folder = fresh_folder()
    one = System(folder / "données du système", free_port_base())
    await one.up(*options)
    try:
        yield one
    finally:
        await one.down()
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system() -> AsyncIterator[System]:
    """One for each file of tests."""
    async with open_system() as one:
        yield one
