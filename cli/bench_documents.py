"""`infoparquet bench documents`: how fast documents come and go, what memory that takes, and who is kept waiting."""

import json
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cli.bench import describe_machine
from cli.bench_run import BROKER, JSON, PORT_BASE, Say, started, taken
from cli.documents.measures import QUICK, Documents, Plan
from cli.failures import FAILED
from deploy.local.options import Options

_QUICK = typer.Option("--quick", help="128 Mio au lieu de 1 Gio : un ordre de grandeur.")
NAMES = {
    "post": "en une requête",
    "tus": "par tus, coupé",
    "read": "lu par plages",
    "hashed": "stockage et SHA-256 seuls",
}


def documents(
    quick: Annotated[bool, _QUICK] = False,
    as_json: Annotated[bool, JSON] = False,
    port_base: Annotated[int, PORT_BASE] = 8100,
    broker: Annotated[str, BROKER] = "auto",
) -> None:
    """Mesure le dépôt et la lecture des pièces, à côté du stockage seul, et ce que d’autres attendent pendant ce temps.

    Sort avec 1 si la mémoire du dépôt grandit de plus de 64 Mio.
    """
    say = Console(stderr=True, highlight=False).print
    plan = QUICK if quick else Plan()
    report = taken(lambda folder: measure(Options(data=folder, port_base=port_base, broker=broker), plan, say))
    if as_json:
        typer.echo(json.dumps(report | {"machine": describe_machine()}, ensure_ascii=False, indent=1))
    else:
        Console().print(table(report))
    if report["memory"]["growth_mib"] > report["memory"]["allowed_mib"]:
        raise typer.Exit(FAILED)


async def measure(options: Options, plan: Plan, say: Say) -> dict[str, Any]:
    """On a system of its own. Raises StackError or Unmeasured."""
    async with started(options, say) as system:
        return await Documents(system, plan, options.data / "bench-objects", say).measure()


def table(report: dict[str, Any]) -> Table:
    """For people."""
    crowd, memory = report["crowd"], report["memory"]
    shown = Table(title="Pièces", box=box.SIMPLE, header_style="bold")
    shown.add_column("Mesure")
    for heading in ("Valeur", "Plancher", "Rapport"):
        shown.add_column(heading, justify="right")
    for name, words in NAMES.items():
        one = report[name]
        shown.add_row(words, f"{one['value']:.0f} Mio/s", f"{one['floor']:.0f} Mio/s", f"{one['ratio']:.2f}")
    shown.add_row(
        "mémoire prise par le dépôt", f"{memory['growth_mib']:.0f} Mio", f"{memory['allowed_mib']:.0f} Mio", ""
    )
    shown.add_row(
        f"procédures, p99, pendant {crowd['documents']} dépôts",
        f"{crowd['posts_meanwhile_ms']['p99']:.0f} ms",
        f"{crowd['posts_alone_ms']['p99']:.0f} ms",
        f"{crowd['p99_ratio']:.2f}",
    )
    return shown
