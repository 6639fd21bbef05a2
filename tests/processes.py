"""Real services in processes of their own, on a real broker and a real database, for tests that kill them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from deploy.local.ports import free_ports, is_free
from reference import default_url

ROOT = Path(__file__).parent.parent
T = TypeVar("T")


async def until(look: Callable[[], Awaitable[T]], *, seconds: float = 60, what: str = "") -> T:
    """The first true answer of `look`, asked again and again; fails the test after the deadline."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    pause = 0.01
    while True:
        began = clock()
        found = await look()
        if found:
            return found
        if clock() > deadline:
            message = f"not within {seconds} s: {what or look.__name__}, last answer {found!r}"
            raise AssertionError(message)
        # Looking takes time from what is looked at: a third of it at most.
        await asyncio.sleep(max(pause, 2 * (clock() - began)))
        pause = min(1.3 * pause, 0.15)


@dataclass
class ServiceProcess:
    """`infoparquet serve NAME`, to be started, killed, frozen, resumed."""

    name: str
    environment: Mapping[str, str]
    log: Path
    process: asyncio.subprocess.Process | None = field(default=None)

    async def start(self, **extra: str) -> None:
        """Start it; `extra` are environment variables for this run alone (crash points)."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "cli.main", "serve", self.name,
                env={**os.environ, **self.environment, **extra}, cwd=ROOT, stderr=log, stdout=log,
            )  # fmt: skip

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    async def ended(self, seconds: float = 60) -> int:
        """Its exit code, once it has ended by itself."""
        assert self.process is not None
        return await asyncio.wait_for(self.process.wait(), seconds)

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


def free_port_base() -> int:
    """A `--port-base` whose ports are free now; test processes look in different places."""
    first = os.getpid() % 50
    for step in range(50):
        base = 20_000 + 200 * ((first + step) % 50)
        if all(is_free(base + place) for place in (*range(1, 30), *range(90, 96))):
            return base
    message = "no port base is free"
    raise AssertionError(message)


def environment(kafka: str, database: str, **more: str) -> dict[str, str]:
    """What a service is told; it listens on a free port of 127.0.0.1."""
    (port,) = free_ports(1)
    return {
        "INFOPARQUET_LISTEN": f"127.0.0.1:{port}",
        "INFOPARQUET_KAFKA_BOOTSTRAP": kafka,
        "INFOPARQUET_DATABASE_URL": database,
        "INFOPARQUET_REFERENCE_URL": default_url(),
        "INFOPARQUET_OIDC_ISSUER": "http://127.0.0.1:9",
        "INFOPARQUET_INTAKE_URL": "http://127.0.0.1:9",
        **more,
    }


@asynccontextmanager
async def running(name: str, told: Mapping[str, str], log: Path, **extra: str) -> AsyncIterator[ServiceProcess]:
    """A service that is killed when the block is left."""
    service = ServiceProcess(name, told, log)
    await service.start(**extra)
    try:
        yield service
    finally:
        await service.kill()
