"""`infoparquet bench bounds`: the largest, the slowest and the most that may come, and what that costs."""

import json
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cli.bench import describe_machine
from cli.bench_run import BROKER, JSON, PORT_BASE, Say, started, taken
from cli.bounds.measures import QUICK, Bound, Bounds, Plan
from cli.failures import FAILED
from deploy.local.options import Options

_QUICK = typer.Option("--quick", help="De petits nombres, en deux minutes environ : un ordre de grandeur.")
NAMES = {
    "silent-connections": "connexions muettes",
    "dripping-clients": "clients à un octet par seconde",
    "largest-procedures": "procédures de la plus grande taille",
    "batch-lines": "lignes en un lot",
    "procedures-in-tables": "procédures dans les tables",
}


def bounds(
    quick: Annotated[bool, _QUICK] = False,
    as_json: Annotated[bool, JSON] = False,
    port_base: Annotated[int, PORT_BASE] = 8100,
    broker: Annotated[str, BROKER] = "auto",
) -> None:
    """Mesure ce que prennent de mémoire les plus grandes charges, et si les autres sont servis entre-temps.

    Sort avec 1 si une borne n’est pas tenue.
    """
    say = Console(stderr=True, highlight=False).print
    plan = QUICK if quick else Plan()
    measured = taken(lambda folder: measure(Options(data=folder, port_base=port_base, broker=broker), plan, say))
    if as_json:
        report: dict[str, Any] = {"bounds": [one.describe() for one in measured], "machine": describe_machine()}
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        Console().print(table(measured))
    if not all(one.kept for one in measured):
        raise typer.Exit(FAILED)


async def measure(options: Options, plan: Plan, say: Say) -> list[Bound]:
    """Each bound on a system of its own. Raises StackError or Unmeasured."""
    async with started(options, say) as system:
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
