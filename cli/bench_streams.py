"""`infoparquet bench streams`: how soon a fact reaches thousands of open streams, and what they take."""

import json
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cli.bench import describe_machine
from cli.bench_run import BROKER, JSON, PORT_BASE, Say, started, taken
from cli.failures import FAILED
from cli.streams.measures import QUICK, Plan, Streams, kept
from deploy.local.options import Options

_QUICK = typer.Option("--quick", help="Peu de faits : un ordre de grandeur.")
_DELAYS = {
    "first": "du commit au premier flux (ms)",
    "each": "du commit à un flux (ms)",
    "last": "du commit au dernier flux (ms)",
}


def streams(
    count: Annotated[int, typer.Option("--streams", help="Nombre de flux ouverts à la fois.", min=1)] = 5000,
    quick: Annotated[bool, _QUICK] = False,
    as_json: Annotated[bool, JSON] = False,
    port_base: Annotated[int, PORT_BASE] = 8100,
    broker: Annotated[str, BROKER] = "auto",
) -> None:
    """Mesure le suivi en direct : délai du commit au dernier flux, mémoire prise, et ce que d’autres attendent.

    Sort avec 1 si un flux est perdu ou si une borne n’est pas tenue.
    """
    say = Console(stderr=True, highlight=False).print
    plan = QUICK if quick else Plan()
    report = taken(lambda folder: measure(Options(data=folder, port_base=port_base, broker=broker), count, plan, say))
    if as_json:
        typer.echo(json.dumps(report | {"machine": describe_machine()}, ensure_ascii=False, indent=1))
    else:
        Console().print(table(report))
    if not kept(report):
        raise typer.Exit(FAILED)


async def measure(options: Options, count: int, plan: Plan, say: Say) -> dict[str, Any]:
    """On a system of its own. Raises StackError or Unmeasured."""
    async with started(options, say) as system:
        return await Streams(system, count, plan, say).measure()


def table(report: dict[str, Any]) -> Table:
    """For people."""
    memory, delays = report["memory"], report["delay_ms"]
    shown = Table(title=f"{report['streams']} flux ouverts", box=box.SIMPLE, header_style="bold")
    shown.add_column("Mesure")
    for heading in ("p50", "p99", "Plancher p50", "Plancher p99"):
        shown.add_column(heading, justify="right")
    floor = [f"{delays['floor'][percentile]:.1f}" for percentile in ("p50", "p99")]
    for name, words in _DELAYS.items():
        shown.add_row(words, *(f"{delays[name][percentile]:.1f}" for percentile in ("p50", "p99")), *floor)
    shown.add_row("mémoire prise (Mio), admise", f"{memory['growth_mib']:.0f}", f"{memory['allowed_mib']:.0f}", "", "")
    for what, one in report["others_ms"].items():
        shown.add_row(f"{what}, entre-temps (ms)", f"{one['p50']:.1f}", f"{one['p99']:.1f}", "", "")
    return shown
