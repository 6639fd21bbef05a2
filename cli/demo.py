"""`infoparquet demo`: the whole system in a fresh folder, sixty procedures on their way, and what became of each."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.live import Live

from chassis.exporting import exports_traces
from cli.courts_at_play import CourtsAtPlay
from cli.demo_table import addresses, table
from cli.witness import Passage, Witness
from deploy.local.failures import StackError, WrongUseError
from deploy.local.folders import fresh_folder
from deploy.local.options import Options
from deploy.local.samples import Sample, read_samples
from deploy.local.stack import Stack

BETWEEN_SECONDS = 0.05
# Nothing moved for so long: what has not arrived will not.
STILL_SECONDS = 40.0
# Columns of a file or a pipe, which have no width of their own.
WIDE = 120

_ONCE = typer.Option("--once", help="Arrête tout une fois les procédures arrivées ; 0 si toutes finissent comme prévu.")
_JSON = typer.Option("--json", help="Écrit un document JSON au lieu du tableau.")
_PORT_BASE = typer.Option(help="Premier port ; deux démonstrations peuvent tourner avec des ports différents.")
_BROKER = typer.Option(help="auto, apache (un nœud), apache:3 (trois nœuds) ou light.")


def demo(
    once: Annotated[bool, _ONCE] = False,
    as_json: Annotated[bool, _JSON] = False,
    port_base: Annotated[int, _PORT_BASE] = 8100,
    broker: Annotated[str, _BROKER] = "auto",
) -> None:
    """Lance le système dans un dossier neuf, envoie soixante procédures d’exemple et montre ce que devient chacune."""
    folder = fresh_folder()
    try:
        traces = not exports_traces(os.environ)
        options = Options(data=folder, port_base=port_base, broker=broker, traces=traces)
        good = asyncio.run(_Demo(options, once=once, as_json=as_json).run())
    except StackError as failure:
        print(failure, file=sys.stderr)
        raise typer.Exit(2 if isinstance(failure, WrongUseError) else 1) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    raise typer.Exit(0 if good else 1)


@dataclass(frozen=True)
class _Road:
    """What a procedure of the demonstration meets."""

    client: httpx.AsyncClient
    witness: Witness
    courts: CourtsAtPlay
    running: dict[str, Any]

    def url(self, service: str) -> str:
        return str(self.running["services"][service]["url"])

    async def follow(self, sample: Sample, passage: Passage, headers: Mapping[str, str]) -> None:
        """Until its end: delivered and seen, and answered as the sample says."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self.witness.visible(self.client, self.url("query"), headers, passage))
            both.create_task(self.courts.answer(sample, passage, headers))
        await self.witness.ended(self.client, self.url("query"), headers, passage)

    async def mails(self, expected: int) -> int:
        """How many have come; none of them is told where no more than `expected` are."""
        count: int = (await self.client.get(f"{self.running['mail']}mails.json?since={expected}")).json()["count"]
        return count


class _Demo:
    def __init__(self, options: Options, *, once: bool, as_json: bool) -> None:
        self._stack = Stack(options)
        self._once = once
        self._as_json = as_json
        self._samples = read_samples()
        self._passages: list[Passage] = []
        self._mails = 0
        self._changed = asyncio.Event()
        self._patience = asyncio.Timeout(None)
        self._console = Console(stderr=as_json)
        if not self._console.is_terminal:
            self._console.width = WIDE

    async def run(self) -> bool:
        """Whether every procedure came to its end; raises StackError where the system cannot start."""
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        work = asyncio.create_task(self._work(stopping))
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done() and not self._stays:
            work.cancel()
        stopped.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            return await work
        return False

    _stays = False

    async def _work(self, stopping: asyncio.Event) -> bool:
        self._console.print("Démarrage du courtier, de la base, de l’émetteur de jetons et des services…")
        async with self._stack as stack:
            running = stack.describe()
            async with self._shown():
                await self._send_all(running)
            self._report(running)
            if not self._once:
                self._stays = True
                self._console.print(addresses(running, stack.data))
                self._console.print(f"Portail, où l’on choisit qui l’on est : {running['portal']}", highlight=False)
                await stopping.wait()
                self._console.print("Arrêt en cours…")
        return self._good

    @property
    def _good(self) -> bool:
        distinct = {passage.id: passage for passage in self._passages}
        arrived = None not in distinct and len(distinct) == len(self._distinct)
        return arrived and bool(self._mails) and all(one.as_expected for one in distinct.values())

    @property
    def _distinct(self) -> list[Sample]:
        """The samples without what is sent again."""
        return list({(sample.administration, sample.idempotency_key): sample for sample in self._samples}.values())

    @contextlib.asynccontextmanager
    async def _shown(self) -> AsyncIterator[None]:
        if self._as_json:
            yield
            return
        with Live(console=self._console, refresh_per_second=10, transient=True) as live:
            showing = asyncio.create_task(self._show(live))
            try:
                yield
            finally:
                showing.cancel()
                await asyncio.gather(showing, return_exceptions=True)

    async def _show(self, live: Live) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            room = max(5, self._console.height - 6)
            live.update(table(self._passages[-room:], self._console.width))
            await asyncio.sleep(0.1)

    async def _send_all(self, running: dict[str, Any]) -> None:
        try:
            async with self._patience:
                self._moved()
                await self._send_and_follow(running)
        except TimeoutError:
            self._console.print(f"Tout n’est pas arrivé, et rien ne bouge plus depuis {STILL_SECONDS:.0f} s.")

    def _moved(self) -> None:
        """It shows, and patience begins anew: a slow machine takes its time."""
        self._changed.set()
        if not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time() + STILL_SECONDS)

    async def _send_and_follow(self, running: dict[str, Any]) -> None:
        tribunals = {tribunal for sample in self._samples for tribunal in sample.tribunals}
        witness = Witness(running["kafka"], tribunals, self._moved)
        intake = running["services"]["intake"]["url"]
        async with (
            witness.watching(),
            httpx.AsyncClient(timeout=30) as client,
            CourtsAtPlay.opened(running["kafka"], client, intake) as courts,
        ):
            road = _Road(client, witness, courts, running)
            async with asyncio.TaskGroup() as sending:
                for sample in self._samples:
                    sending.create_task(self._send(road, sample))
                    await asyncio.sleep(BETWEEN_SECONDS)
                sending.create_task(self._count_mails(road))

    async def _count_mails(self, road: "_Road") -> None:
        expected = sum(sample.mails for sample in self._distinct)
        while self._mails < expected:
            count = await road.mails(expected)
            if count > self._mails:
                self._mails = count
                self._moved()
            await asyncio.sleep(BETWEEN_SECONDS)

    async def _send(self, road: "_Road", sample: Sample) -> None:
        token = road.running["tokens"][f"administration:{sample.administration}"]
        headers = {"Authorization": f"Bearer {token}"}
        passage = Passage(sample.reference, time.perf_counter(), sample.expected_status, sample.expected_tribunal)
        answer = await road.client.post(
            f"{road.url('intake')}/v1/procedures",
            json=sample.procedure,
            headers={**headers, "Idempotency-Key": sample.idempotency_key},
        )
        if answer.status_code != httpx.codes.ACCEPTED:
            passage.refused = answer.text
            self._passages.append(passage)
            return
        passage.id = answer.json()["id"]
        # The same request sent again is the same procedure.
        if passage.id not in {known.id for known in self._passages}:
            self._passages.append(passage)
            road.witness.expect(answer.json()["id"], passage)
            await road.follow(sample, passage, headers)

    def _report(self, running: dict[str, Any]) -> None:
        expected = len(self._distinct)
        as_expected = sum(passage.as_expected for passage in self._passages)
        if self._as_json:
            document = {
                "broker": running["broker"],
                "expected": expected,
                "as_expected": as_expected,
                "mails": self._mails,
                "procedures": [passage.describe() for passage in self._passages],
            }
            print(json.dumps(document, ensure_ascii=False, indent=1), flush=True)
            return
        self._console.print(table(self._passages, self._console.width))
        for passage in self._passages:
            if passage.refused:
                self._console.print(f"[red]{passage.reference} : {passage.refused}[/red]")
        self._console.print(
            f"{as_expected} procédures sur {expected} sont arrivées à leur terme prévu ; {self._mails} courriels remis."
        )
