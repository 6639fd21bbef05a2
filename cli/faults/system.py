"""The system under test: `infoparquet up` as a child, everything it starts reached through detours of ours.

Mails are caught here and not by the system's own catcher, so that those of before a fault are not lost with it.
"""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from cli.faults.detour import Detour
from cli.faults.disks import Disks
from cli.faults.evidence import Mail
from cli.faults.plan import STANDBYS
from deploy.local.child import Child
from deploy.local.failures import StackError
from deploy.local.kafka_cluster import SIZE, KafkaCluster
from deploy.local.kafka_settings import elected
from deploy.local.mailbox import Mailbox, listen
from deploy.local.options import CONTROLLER, KAFKA, POSTGRES, SMTP, Options
from deploy.local.ports import is_free, refuse_taken

DETOUR = 100
_BASES = range(8100, 30_000, 2 * DETOUR)
_DATABASE, _ONLY_NODE = "postgres", "kafka"
_POLL = 0.1
_READY_LIMIT, _DOWN_LIMIT = 240.0, 60.0
# A mail in hand when its process dies is tried again when its lease is over: that is some half a minute like this.
_TOLD = {"INFOPARQUET_SMTP_TIMEOUT": "PT2S"}
_KEPT_MAILS = 1_000_000


@dataclass
class Campaigned:
    """One data folder; `run` is the run file as it was last read, `disks` what may be full of it, where that can be."""

    options: Options
    detours: dict[int, Detour]
    disks: Disks | None = None
    mailbox: Mailbox = field(default_factory=lambda: Mailbox(_KEPT_MAILS))
    run: dict[str, Any] = field(default_factory=dict)
    child: Child | None = None

    async def up(self) -> None:
        """Answers once the run file says that everything is ready. Raises StackError."""
        data, options = self.options.data, self.options
        words = [f"--data={data}", f"--port-base={options.port_base}", f"--broker={options.broker}"]
        words += [f"--replicas={name}={count}" for name, count in options.replicas.items()]
        command = [*options.command, "up", *words, f"--detour={options.detour}", "--no-traces"]
        log = data.with_suffix(".log")
        within = self.disks.within(command) if self.disks else command
        self.child = Child.start("infoparquet up", within, log=log, environment=os.environ | _TOLD)
        deadline = time.monotonic() + _READY_LIMIT
        while self.read().get("pid") != self.child.pid:
            if not self.child.running or time.monotonic() > deadline:
                raise StackError(
                    "Le système mis à l’épreuve n’a pas démarré",
                    why=self.child.last_words(),
                    remedy=f"Le détail est dans {log} et {data / 'logs'}.",
                )
            await asyncio.sleep(_POLL)

    async def down(self) -> None:
        """Stops it in order."""
        if self.child:
            await self.child.stop(limit=_DOWN_LIMIT)

    def read(self) -> dict[str, Any]:
        """The run file, or what it last said while there is none."""
        with contextlib.suppress(FileNotFoundError):
            self.run = json.loads((self.options.data / "run.json").read_text())
        return self.run

    def urls(self, service: str) -> list[str]:
        """One a replica."""
        return list(self.run["services"][service]["urls"])

    def bearer(self, organisation: str) -> dict[str, str]:
        """The header that speaks for it."""
        return {"Authorization": f"Bearer {self.run['tokens'][organisation]}"}

    async def replica(self, target: str) -> tuple[str, int]:
        """The service and the replica a target means: the one whose relay holds the lock, or the one that stands by.

        Raises TimeoutError where no relay holds it.
        """
        service = STANDBYS.get(target, target)
        urls = self.urls(service)
        if len(urls) == 1:
            return service, 0
        async with asyncio.timeout(_READY_LIMIT):
            holder = await self.holder(service)
        return service, holder if target == service else 1 - holder

    async def holder(self, service: str, *, other_than: int | None = None) -> int:
        """The replica whose relay is active, by its metrics; waits until there is one that answers."""
        async with httpx.AsyncClient(timeout=2) as client:
            while True:
                for place, url in enumerate(self.urls(service)):
                    with contextlib.suppress(httpx.TransportError):
                        said = (await client.get(f"{url}/metrics")).text.splitlines()
                        if place != other_than and "infoparquet_relay_active 1.0" in said:
                            return place
                await asyncio.sleep(_POLL)

    def controller(self) -> int:
        """The place among the nodes of the one that rules the others now."""
        return elected(self._seen(self.node_folder(place)) for place in range(len(self.run["nodes"]))) - 1

    def node_folder(self, place: int) -> Path:
        """Where that node keeps its data."""
        return self.options.data / (_node(place) if self.run["broker"] == KafkaCluster.kind else _ONLY_NODE)

    @property
    def database_folder(self) -> Path:
        """Where the database keeps its data."""
        return self.options.data / _DATABASE

    def _seen(self, folder: Path) -> Path:
        return self.disks.seen(folder) if self.disks else folder

    async def whole(self) -> None:
        """Answers once every service's every replica is ready."""
        async with httpx.AsyncClient(timeout=2) as client:
            while True:
                services = self.read()["services"].values()
                replicas = [one for run in services for one in zip(run["urls"], run["pids"], strict=True)]
                if all([await _is_ready(client, url, pid) for url, pid in replicas]):
                    return
                await asyncio.sleep(_POLL)

    async def replaced(self, service: str, pid: int) -> None:
        """Answers once that replica of it is another process."""
        while True:
            if pid not in self.read()["services"][service]["pids"]:
                return
            await asyncio.sleep(_POLL)

    def mails(self) -> list[Mail]:
        """Those that were caught."""
        told = (mail.as_json() for mail in self.mailbox.after(0))
        return [Mail(UUID(mail["procedure"]), mail["fact"]) for mail in told]


def lives(pid: int) -> bool:
    """Whether there is such a process: the run file still names one that has just died."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def _is_ready(client: httpx.AsyncClient, url: str, pid: int) -> bool:
    if not lives(pid):
        return False
    try:
        return (await client.get(f"{url}/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def free_base() -> int:
    """A port base from which everything is free now, the detours too; the first one where there is none."""
    free = (base for base in _BASES if all(is_free(base + place) for place in range(2 * DETOUR)))
    return next(free, _BASES[0])


@contextlib.asynccontextmanager
async def opened(data: Path, port_base: int, broker: str, say: Callable[[str], None]) -> AsyncIterator[Campaigned]:
    """A system that runs, two replicas of what numbers and what routes. Raises StackError."""
    replicas = {"numbering": 2, "routing": 2}
    options = Options(data=data, port_base=port_base, broker=broker, replicas=replicas, detour=DETOUR)
    places = [POSTGRES, *(first + node for first in (KAFKA, CONTROLLER) for node in range(SIZE))]
    await refuse_taken({options.detoured(place): "détour" for place in (*places, SMTP)})
    async with contextlib.AsyncExitStack() as held:
        detours = {
            place: await held.enter_async_context(Detour(options.detoured(place), options.port(place)))
            for place in places
        }
        disks = await _mounted(held, data, say)
        system = Campaigned(options, detours, disks)
        await held.enter_async_context(await listen(system.mailbox, "127.0.0.1", options.detoured(SMTP)))
        held.push_async_callback(system.down)
        await system.up()
        yield system


async def _mounted(held: contextlib.AsyncExitStack, data: Path, say: Callable[[str], None]) -> Disks | None:
    disks = Disks(_empty_folders(data), data / "logs" / "disks.log")
    try:
        await held.enter_async_context(disks)
    except StackError as refusal:
        say(str(refusal))
        return None
    held.push_async_callback(disks.keep)
    return disks


def _empty_folders(data: Path) -> list[Path]:
    data.mkdir(parents=True)
    # The account that PostgreSQL runs as under root crosses it.
    data.chmod(0o711)
    folders = [data / name for name in (_DATABASE, _ONLY_NODE, *(_node(place) for place in range(SIZE)))]
    for folder in folders:
        folder.mkdir()
    return folders


def _node(place: int) -> str:
    return f"kafka-{place + 1}"
