"""`infoparquet bench search`: how fast procedures are found, each figure beside a look-up by primary key."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from chassis.database import open_engine
from chassis.migration import migrate
from cli.bench import describe_machine
from cli.bench_run import JSON, Say, taken
from cli.failures import FAILED
from cli.search.filling import Spread, fill
from cli.search.measures import Searches, kinds
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from reference import default_url, load
from services.query.rebuilding import MIGRATIONS
from services.query.words import Words

CALLERS: Final[Mapping[str, str]] = {
    "operator": "exploitant",
    "administration-many": "grande admin.",
    "administration-few": "petite admin.",
    "tribunal-large": "grand tribunal",
    "tribunal-small": "petit tribunal",
}
KINDS: Final[Mapping[str, str]] = {
    "list": "liste",
    "number": "numéro",
    "number-beginning": "début du numéro",
    "number-mistyped": "numéro mal saisi",
    "reference": "référence",
    "reference-inside": "partie de la référence",
    "id": "identifiant",
    "administration": "administration",
    "commune": "commune",
    "commune-code": "commune, par son code",
    "offence": "infraction",
    "offence-code": "infraction, par son code",
    "affair-code": "affaire, par son code",
    "court": "tribunal",
    "two-words": "deux mots",
    "nothing": "mots introuvables",
    "filters": "filtres",
    "kind-and-status": "nature et état",
}
# Milliseconds that 95 of 100 searches of each kind take at most.
BOUND = 50.0
_PROCEDURES = typer.Option(help="Nombre de procédures dans la base.", min=1000)
_ROUNDS = typer.Option(help="Nombre de recherches de chaque sorte, pour chaque demandeur.", min=1)


def search(
    procedures: Annotated[int, _PROCEDURES] = 1_000_000,
    rounds: Annotated[int, _ROUNDS] = 50,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Mesure chaque sorte de recherche, pour chaque sorte de demandeur, sur une base remplie pour cela.

    Sort avec 1 si, pour l’une d’elles, le 95e centile dépasse 50 ms.
    """
    say = Console(stderr=True, highlight=False).print
    report = taken(lambda folder: measure(folder, procedures, rounds, say))
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        Console().print(table(report))
    if not report["kept"]:
        raise typer.Exit(FAILED)


async def measure(folder: Path, procedures: int, rounds: int, say: Say) -> dict[str, Any]:
    """The report. Raises StackError."""
    machine = describe_machine()
    reference = load(default_url())
    async with Postgres(folder / "postgres", *free_ports(1)) as server:
        url = await server.create_database("infoparquet_search")
        await migrate(url, MIGRATIONS)
        engine = open_engine(url, name="infoparquet bench")
        try:
            say(f"Remplissage : {procedures} procédures…")
            async with engine.connect() as connection:
                # Each lot is a transaction of its own.
                alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await fill(alone, Spread.drawn(reference), procedures)
            say("Recherches…")
            found = await Searches(engine, Words(reference), kinds(reference), rounds).measure()
        finally:
            await engine.dispose()
    slowest = max(one["p95"] for by_caller in found["searches"].values() for one in by_caller.values())
    kept = {"procedures": procedures, "unit": "ms", "bound": BOUND, "slowest_p95": slowest, "kept": slowest <= BOUND}
    return {**kept, **found, "machine": machine}


def table(report: dict[str, Any]) -> Table:
    """For people: the 95th percentile, and the median in brackets."""
    floor = report["floor"]
    title = f"Recherche parmi {report['procedures']} procédures : 95e centile (médiane), en ms"
    caption = f"Plancher, lecture par la clé : {floor['p95']} ({floor['p50']}) ms"
    shown = Table(title=title, caption=caption, box=box.SIMPLE, header_style="bold")
    shown.add_column("Recherche", no_wrap=True)
    for caller in next(iter(report["searches"].values())):
        shown.add_column(CALLERS[caller], justify="right")
    for kind, by_caller in report["searches"].items():
        shown.add_row(KINDS[kind], *(f"{one['p95']:.0f} ({one['p50']:.0f})" for one in by_caller.values()))
    return shown
