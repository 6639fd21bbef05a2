"""`infoparquet bench exports`: how fast lists leave as files and figures are there, in what memory."""

import json
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cli.bench import describe_machine
from cli.bench_run import BROKER, JSON, PORT_BASE, Say, started, taken
from cli.exports.measures import FORMATS, GROUPS, MOST_GROWTH, Exports
from cli.failures import FAILED
from deploy.local.options import Options

_PROCEDURES = typer.Option("--procedures", min=1000, help="Nombre de procédures dans la base.")
_ROUNDS = typer.Option("--rounds", min=1, help="Nombre de fois que chaque chiffre d’un an est demandé.")
_BY = {
    "none": "ensemble",
    "tribunal": "tribunal",
    "administration": "administration",
    "family": "famille",
    "month": "mois",
}


def exports(
    procedures: Annotated[int, _PROCEDURES] = 1_000_000,
    rounds: Annotated[int, _ROUNDS] = 40,
    as_json: Annotated[bool, JSON] = False,
    port_base: Annotated[int, PORT_BASE] = 8100,
    broker: Annotated[str, BROKER] = "auto",
) -> None:
    """Mesure les exports à côté d’un COPY des mêmes lignes, et les chiffres à côté d’un simple décompte.

    Sort avec 1 si la mémoire du suivi grandit de plus de 64 Mio.
    """
    say = Console(stderr=True, highlight=False).print

    async def measure(options: Options) -> dict[str, Any]:
        return await measured(options, procedures, rounds, say)

    report = taken(lambda folder: measure(Options(data=folder, port_base=port_base, broker=broker, only=("query",))))
    if as_json:
        typer.echo(json.dumps(report | {"machine": describe_machine()}, ensure_ascii=False, indent=1))
    else:
        Console().print(table(report))
    if max(report[suffix]["growth_mib"] for suffix in FORMATS) > MOST_GROWTH:
        raise typer.Exit(FAILED)


async def measured(options: Options, procedures: int, rounds: int, say: Say) -> dict[str, Any]:
    """On a system of its own. Raises StackError or Unmeasured."""
    async with started(options, say) as system:
        return await Exports(system, procedures, rounds, say).measure()


def table(report: dict[str, Any]) -> Table:
    """For people."""
    shown = Table(title=f"{report['procedures']} procédures", box=box.SIMPLE, header_style="bold")
    shown.add_column("Mesure")
    for heading in ("Valeur", "Plancher", "Rapport", "Mémoire prise"):
        shown.add_column(heading, justify="right")
    for suffix in FORMATS:
        one = report[suffix]
        speeds = (f"{one[name]} /s" for name in ("value", "floor"))
        shown.add_row(f"export {suffix}", *speeds, f"{one['ratio']:.2f}", f"{one['growth_mib']:.0f} Mio")
    for period, words in (("year", "d’un an"), ("all", "de tout")):
        floor = report[period]["floor"]["p95_ms"]
        for by in GROUPS:
            value = report[period][by]["p95_ms"]
            shown.add_row(f"chiffres {words}, {_BY[by]}, p95", f"{value} ms", f"{floor} ms", f"{value / floor:.1f}", "")
    return shown
