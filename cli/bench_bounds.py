"""`infoparquet bench bounds`: the largest, the slowest and the most that may come, and what that costs."""

import json
import shutil
from collections.abc import Callable
from typing import Annotated, Any

import typer
import uvloop
from rich import box
from rich.console import Console
from rich.table import Table

from cli.bench import INTERRUPTIONS, describe_machine
from cli.bench_measures import System, Unmeasured
from cli.bounds.measures import QUICK, Bound, Bounds, Plan
from cli.failures import FAILED, WRONG_USE, stop
from cli.until_stopped import until_stopped
from deploy.local.failures import StackError, WrongUseError
from deploy.local.folders import fresh_folder
from deploy.local.options import Options
from deploy.local.stack import Stack
from deploy.local.tokens import TokenMaker

_QUICK = typer.Option("--quick", help="De petits nombres, en deux minutes environ : un ordre de grandeur.")
_JSON = typer.Option("--json", help="Écrit un document JSON au lieu du tableau.")
_PORT_BASE = typer.Option(help="Premier port du système mesuré.")
_BROKER = typer.Option(help="auto, apache (un nœud), apache:3 (trois nœuds) ou light.")
NAMES = {
    "silent-connections": "connexions muettes",
    "dripping-clients": "clients à un octet par seconde",
    "largest-procedures": "procédures de la plus grande taille",
    "batch-lines": "lignes en un lot",
    "procedures-in-tables": "procédures dans les tables",
}


def bounds(
    quick: Annotated[bool, _QUICK] = False,
    as_json: Annotated[bool, _JSON] = False,
    port_base: Annotated[int, _PORT_BASE] = 8100,
    broker: Annotated[str, _BROKER] = "auto",
) -> None:
    """Mesure ce que prennent de mémoire les plus grandes charges, et si les autres sont servis entre-temps.

    Sort avec 1 si une borne n’est pas tenue.
    """
    console = Console(stderr=True, highlight=False)
    folder = fresh_folder()
    try:
        options = Options(data=folder, port_base=port_base, broker=broker)
        measured = uvloop.run(until_stopped(measure(options, QUICK if quick else Plan(), console.print)))
    except (StackError, Unmeasured) as failure:
        stop(WRONG_USE if isinstance(failure, WrongUseError) else FAILED, str(failure))
    except (*INTERRUPTIONS, TimeoutError) as error:
        stop(FAILED, f"La mesure a été interrompue : une partie du système ne répond plus ({type(error).__name__}).")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if measured is None:
        stop(FAILED, "Mesure abandonnée.")
    if as_json:
        report: dict[str, Any] = {"bounds": [one.describe() for one in measured], "machine": describe_machine()}
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        Console().print(table(measured))
    if not all(one.kept for one in measured):
        raise typer.Exit(FAILED)


async def measure(options: Options, plan: Plan, say: Callable[[str], None]) -> list[Bound]:
    """Each bound on a system of its own. Raises StackError or Unmeasured."""
    say("Démarrage du courtier, de la base, de l’émetteur de jetons et des services…")
    async with Stack(options, say=say) as stack:
        running = stack.describe()
        system = System(running, TokenMaker.open(stack.data / "issuer", running["issuer"]))
        return await Bounds(system, plan, say).measure()


def table(measured: list[Bound]) -> Table:
    """For people."""
    shown = Table(title="Bornes", box=box.SIMPLE, header_style="bold")
    shown.add_column("Charge")
    for heading in ("Mémoire prise (Mio)", "Admise", "Autres, p99 (ms)", "Tenue"):
        shown.add_column(heading, justify="right")
    for one in measured:
        service, most = max(one.growth.items(), key=lambda entry: entry[1])
        slowest = max(spread["p99"] for spread in one.others.values())
        name = f"{one.amount} {NAMES[one.name]}"
        shown.add_row(
            name, f"{most:.0f} ({service})", f"{one.allowed:.0f}", f"{slowest:.0f}", "oui" if one.kept else "NON"
        )
    return shown
