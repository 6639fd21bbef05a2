"""`infoparquet rebuild query`: the view is built anew from the journal while it answers, then switched."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from chassis.errors import CONNECTION_ERRORS, Unavailable
from chassis.kafka import KafkaSettings
from chassis.settings import SettingsError, read_settings
from cli.failures import FAILED, stop
from cli.session import DEFAULT_DATA, DataOption
from services.query import rebuilding
from services.query.rebuild import rebuild as rebuild_query
from services.query.rebuilding import NotRebuilt, Progress
from services.query.settings import QuerySettings

_TELL_SECONDS = 1.0

rebuild = typer.Typer(
    help="Reconstruit une vue à partir du journal, pendant que l’ancienne répond.", no_args_is_help=True
)
rebuild.callback()(lambda: None)


@rebuild.command("query")
def query(
    data: DataOption = DEFAULT_DATA,
    as_json: Annotated[
        bool, typer.Option("--json", help="Écrit un document JSON par ligne : l’avancement, puis le résultat.")
    ] = False,
) -> None:
    """Reconstruit la vue du suivi à côté de celle qui répond, puis la met à sa place d’un seul coup.

    S’adresse à la base du suivi : celle du système lancé sur --data, sinon celle que désignent les variables
    INFOPARQUET_* du service query, comme pour « migrate ». Interrompue, la commande laisse l’ancienne vue en place.
    """
    url, kafka = _place(data)
    began = time.monotonic()
    try:
        with _lines(began) if as_json else _bar() as tell:
            done = asyncio.run(rebuild_query(url, kafka, tell))
    except NotRebuilt as refusal:
        stop(FAILED, f"{_why(refusal)} L’ancienne vue reste en place.")
    except Unavailable as error:
        stop(
            FAILED,
            f"{error.dependency} ne répond pas : vérifiez son adresse et qu’il est démarré. L’ancienne vue reste.",
        )
    except CONNECTION_ERRORS as error:
        stop(FAILED, f"La base du suivi n’a pas répondu comme attendu ({type(error).__name__}). L’ancienne vue reste.")
    seconds = round(time.monotonic() - began, 3)
    if as_json:
        typer.echo(json.dumps({"rebuilt": True, **asdict(done), "seconds": seconds}))
    else:
        typer.echo(
            f"Vue reconstruite en {seconds:.1f} s : {done.procedures} procédures, {done.facts} faits, "
            f"{done.records} enregistrements lus."
        )


def _place(data: Path) -> tuple[str, KafkaSettings]:
    """The view's database and its journal's cluster."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        run = json.loads((data / "run.json").read_text(encoding="utf-8"))
        return run["services"]["query"]["database"], KafkaSettings(bootstrap=run["kafka"])
    try:
        settings = read_settings(QuerySettings)
    except SettingsError as error:
        stop(
            FAILED,
            f"Aucun système ne tourne sur {data}, et l’environnement ne désigne pas la base du suivi :\n"
            + "\n".join(error.problems),
        )
    return settings.database_url, settings.kafka


def _why(refusal: NotRebuilt) -> str:
    match refusal:
        case rebuilding.AnotherRebuilds():
            return "Une reconstruction de cette vue est déjà en cours : attendez sa fin."
        case rebuilding.OtherSchema(found, expected):
            return (
                f"La base est au schéma {found or 'absent'}, {expected} attendu : lancez « infoparquet migrate query »."
            )
        case rebuilding.OtherCluster(read, found):
            return f"La vue a été lue du cluster Kafka {read}, et celui qui répond est {found} : vérifiez son adresse."
        case rebuilding.FactsMissing(count, example):
            return (
                f"La vue montre {count} faits que la reconstruction n’a pas, dont {example} : le journal ne les "
                "contient plus, ou cette version ne sait pas les lire."
            )
        case rebuilding.LettersMoved():
            return (
                "Les lettres mortes du suivi ont changé sans cesse pendant la reconstruction : recommencez plus tard."
            )
        case _:
            return "Les tables sont restées occupées par des lectures : recommencez plus tard."


@contextlib.contextmanager
def _lines(began: float) -> Iterator[Callable[[Progress], None]]:
    last = began

    def tell(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _TELL_SECONDS or progress.read == progress.total:
            last = now
            typer.echo(json.dumps(_pace(progress, now - began)))

    yield tell


def _pace(progress: Progress, seconds: float) -> dict[str, Any]:
    pace = progress.read / seconds if seconds else 0.0
    left = (progress.total - progress.read) / pace if pace else None
    return {
        "read": progress.read,
        "total": progress.total,
        "per_second": round(pace, 1),
        "eta_seconds": None if left is None else round(left, 1),
    }


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    began = time.monotonic()
    pace = TextColumn("{task.fields[pace]:.0f}/s")
    columns = (TextColumn("Reconstruction"), BarColumn(), MofNCompleteColumn(), pace, TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None, pace=0.0)

        def tell(progress: Progress) -> None:
            per_second = _pace(progress, time.monotonic() - began)["per_second"]
            bar.update(task, completed=progress.read, total=progress.total, pace=per_second)

        yield tell
