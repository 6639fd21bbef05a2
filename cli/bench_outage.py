"""`infoparquet bench outage`: Kafka stands still while procedures come; what is accepted, and when it arrives."""

import json
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cli.bench import describe_machine
from cli.bench_run import BROKER, JSON, PORT_BASE, Say, started, taken
from cli.failures import FAILED
from cli.outage import Outage, Plan, measure
from deploy.local.options import Options

_SECONDS = typer.Option(min=1, max=3600, help="Durée de la panne, en secondes.")
_A_SECOND = typer.Option(min=1, max=1000, help="Dépôts par seconde.")
_USUAL = Plan()
LABELS = {"submitted": "au journal", "numbered": "numérotées", "delivered": "remises"}


def outage(
    seconds: Annotated[float, _SECONDS] = _USUAL.seconds,
    a_second: Annotated[float, _A_SECOND] = _USUAL.a_second,
    as_json: Annotated[bool, JSON] = False,
    port_base: Annotated[int, PORT_BASE] = 8100,
    broker: Annotated[str, BROKER] = "auto",
) -> None:
    """Fige Kafka pendant que des procédures sont déposées, et mesure ce qui arrive après son retour, urgentes d’abord.

    Sort avec 1 si une procédure acceptée n’est pas remise, l’est deux fois ou dans le désordre.
    """
    say = Console(stderr=True, highlight=False).print
    plan = Plan(seconds=seconds, a_second=a_second)
    seen = taken(lambda folder: _measure(Options(data=folder, port_base=port_base, broker=broker), plan, say))
    if as_json:
        typer.echo(json.dumps({**seen.describe(), "machine": describe_machine()}, ensure_ascii=False, indent=1))
    else:
        Console().print(table(seen))
    if seen.missing or seen.repeated or seen.out_of_order:
        raise typer.Exit(FAILED)


async def _measure(options: Options, plan: Plan, say: Say) -> Outage:
    async with started(options, say) as system:
        return await measure(system, plan, say)


def table(seen: Outage) -> Table:
    """For people: seconds from the return of Kafka."""
    report = seen.describe()
    told = f"{report['accepted']} acceptées, {report['refused']} refusées faute de place"
    shown = Table(title=f"Panne de {report['seconds']:.0f} s : {told}", box=box.SIMPLE, header_style="bold")
    shown.add_column("Après le retour, en secondes")
    for heading in ("urgentes, p50", "p99", "autres, p50", "p99"):
        shown.add_column(heading, justify="right")
    for fact, label in LABELS.items():
        times = [
            report[kind].get(fact, {}).get(rank) for kind in ("urgent_ms", "ordinary_ms") for rank in ("p50", "p99")
        ]
        shown.add_row(label, *("–" if ms is None else f"{ms / 1000:.1f}" for ms in times))
    broken = {"perdues": "lost", "en double": "duplicated", "dans le désordre": "out_of_order"}
    shown.caption = ", ".join(f"{label} : {report[name]}" for label, name in broken.items())
    return shown
