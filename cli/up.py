"""`infoparquet up`: the whole system on this machine, in the foreground until Ctrl-C or SIGTERM."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chassis.exporting import exports_traces
from deploy.local.failures import StackError, WrongUseError
from deploy.local.options import SERVICES, Options, read_only, read_replicas

if TYPE_CHECKING:
    from deploy.local.stack import Stack

_DATA = typer.Option(help="Dossier où tout est conservé, et retrouvé au prochain lancement.")
_PORT_BASE = typer.Option(help="Premier port ; les autres en sont déduits (intake +1, query +5, Kafka +90…).")
_BROKER = typer.Option(
    help="auto, apache (un nœud), apache:3 (trois nœuds), light, ou l’adresse HÔTE:PORT d’un Kafka existant."
)
_DATABASE = typer.Option(help="embedded, ou l’URL d’un PostgreSQL où créer les bases.")
_ONLY = typer.Option(help=f"Les services à lancer, séparés par des virgules, parmi {', '.join(SERVICES)}.")
_DETOUR = typer.Option(hidden=True, help="Décalage des ports où les services cherchent la base, Kafka et SMTP.")
_NEW_CLUSTER = typer.Option(help="Après la perte de Kafka : chaque service lit le nouveau et y redit tout.")
_TRACES = typer.Option(
    "--traces/--no-traces",
    help="Reçoit les traces des services et les montre, sauf si OTEL_EXPORTER_OTLP_… les envoie ailleurs.",
)
_REPLICAS = typer.Option(help="Plusieurs exemplaires d’un service, par exemple numbering=2 ; peut être répété.")


def up(
    data: Annotated[Path, _DATA] = Path(".infoparquet"),
    port_base: Annotated[int, _PORT_BASE] = 8100,
    broker: Annotated[str, _BROKER] = "auto",
    database: Annotated[str, _DATABASE] = "embedded",
    only: Annotated[str | None, _ONLY] = None,
    replicas: Annotated[list[str] | None, _REPLICAS] = None,
    new_cluster: Annotated[bool, _NEW_CLUSTER] = False,
    traces: Annotated[bool, _TRACES] = True,
    detour: Annotated[int, _DETOUR] = 0,
) -> None:
    """Lance tout le système sur ce poste, courtier, base et émetteur de jetons compris, jusqu’à Ctrl-C ou SIGTERM."""
    try:
        options = Options(
            data=data,
            port_base=port_base,
            broker=broker,
            database=database,
            only=read_only(only),
            replicas=read_replicas(replicas or []),
            new_cluster=new_cluster,
            traces=traces and not exports_traces(os.environ),
            detour=detour,
        )
        asyncio.run(run_until_stopped(options))
    except StackError as failure:
        print(failure, file=sys.stderr)
        raise typer.Exit(2 if isinstance(failure, WrongUseError) else 1) from None


async def run_until_stopped(options: Options) -> None:
    """Until SIGTERM or SIGINT. Raises StackError, with nothing left running."""
    # Imported here: every `serve` and `migrate` passes through the command line, and needs none of it.
    from deploy.local.stack import Stack, tell

    stack = Stack(options)
    stopping = asyncio.Event()

    def on_signal() -> None:
        if stopping.is_set():
            stack.hurry()
        else:
            tell("Arrêt en cours ; une seconde fois pour arrêter sans attendre.")
            stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    stopped = asyncio.create_task(stopping.wait())
    starting = asyncio.create_task(stack.start())
    await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        return
    try:
        await starting
        _announce(stack, tell)
        await stopped
    finally:
        await stack.stop()


def _announce(stack: "Stack", tell: Callable[[str], None]) -> None:
    running = stack.describe()
    tell(f"infoParquet est prêt. Données : {stack.data} ; Ctrl-C pour arrêter.")
    for name, service in running["services"].items():
        tell(f"  {name:<10} {' '.join(service['urls'])}")
    tell(f"  {'Kafka':<10} {running['kafka']} ({running['broker']})")
    tell(f"  {'émetteur':<10} {running['issuer']}")
    if "portal" in running:
        tell(f"  {'suivi':<10} {running['portal']}")
    if "mail" in running:
        tell(f"  {'courriels':<10} {running['mail']}")
    if "traces" in running:
        tell(f"  {'traces':<10} {running['traces']}")
