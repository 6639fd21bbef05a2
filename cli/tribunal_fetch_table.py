"""What was fetched, as a clerk reads it: a table, what to know before opening, what is missing; and as JSON."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import typer
from infoparquet_contracts.codes import WithdrawalReason
from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from chassis.letters_shown import visible
from cli.court_documents import Handed, Wanted
from cli.download import Outcome, State
from cli.failures import FAILED, stop

_LABELS: Final = {
    State.RECEIVED: ("reçue", "green"),
    State.PRESENT: ("déjà là", "green"),
    State.NOT_SCANNED: ("pas analysée", "yellow"),
    State.INFECTED: ("infectée", "bold red"),
    State.DIFFERS: ("différente", "bold red"),
    State.UNAVAILABLE: ("indisponible", "yellow"),
    State.NOT_DELIVERED: ("pas remise", "yellow"),
}
_SCANS: Final = {
    "off": "–",
    "waiting": "en attente",
    "delayed": "en attente",
    "clean": "saine",
    "infected": "infectée",
    "unscannable": "impossible",
}
_HERE: Final = frozenset({State.RECEIVED, State.PRESENT})
# What time may mend.
_LATER: Final = frozenset({State.NOT_SCANNED, State.UNAVAILABLE, State.NOT_DELIVERED})


@dataclass(frozen=True, slots=True)
class Fetched:
    """A procedure's folder, and what became of each document.

    `told` is None where the topic was not read; `withdrawal` why the administration took the procedure back.
    """

    procedure: UUID
    number: str | None
    code: str
    path: Path
    told: Handed | None
    withdrawal: WithdrawalReason | None
    documents: Sequence[tuple[Wanted, Outcome]]

    @property
    def here(self) -> int:
        """How many documents are in the folder, and right."""
        return sum(outcome.state in _HERE for _, outcome in self.documents)

    def as_json(self) -> dict[str, Any]:
        """The manifest."""
        return {
            "procedure": str(self.procedure),
            "number": self.number,
            "tribunal": self.code,
            "folder": str(self.path.resolve()),
            "checked_against": "delivery" if self.told else "dossier",
            "delivery": str(self.told.delivery.event.id) if self.told else None,
            "withdrawal": self.withdrawal,
            "complete": self.here == len(self.documents),
            "documents": [_as_json(*one) for one in self.documents],
        }


@contextlib.contextmanager
def bar(total: int) -> Iterator[Callable[[int], None]]:
    """Bytes as they come, on a terminal."""
    columns = (TextColumn("Pièces"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total)
        yield lambda count: progress.advance(task, count)


def tell(done: Fetched, *, as_json: bool) -> None:
    """Leaves the command with 1 where a document is missing."""
    if as_json:
        typer.echo(json.dumps(done.as_json(), ensure_ascii=False))
    else:
        _print(done)
    for one, outcome in done.documents:
        if outcome.state not in _HERE:
            typer.echo(f"{one.name} : {visible(outcome.detail or _LABELS[outcome.state][0])}", err=True)
    missing = len(done.documents) - done.here
    if missing:
        later = any(outcome.state in _LATER for _, outcome in done.documents)
        again = " Relancez la même commande plus tard : ce qui est là n’est pas repris." if later else ""
        stop(FAILED, f"Incomplet : {missing} pièce{_s(missing)} sur {len(done.documents)} manque{_nt(missing)}.{again}")


def _print(done: Fetched) -> None:
    console = Console(highlight=False)
    if done.documents:
        console.print(table(done.documents))
    for one, _ in done.documents:
        for warning in one.described.get("warnings", []):
            console.print(Text(f"{one.name} : {visible(str(warning['detail']))}", style="yellow"))
    if done.withdrawal:
        told = f"L’administration a retiré la procédure : {done.withdrawal.label}."
        console.print(Text(told, style="yellow"))
    against = "de la remise" if done.told else "du dossier"
    count = f"{done.here} pièce{_s(done.here)}, aux empreintes {against}" if done.here else "Aucune pièce"
    console.print(Text(f"{count}, dans {done.path}"), soft_wrap=True)


def table(documents: Sequence[tuple[Wanted, Outcome]]) -> Table:
    """A row a document."""
    shown = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    shown.add_column("Pièce", overflow="fold", ratio=3)
    shown.add_column("Type", overflow="fold", ratio=2)
    shown.add_column("Taille", justify="right", no_wrap=True)
    shown.add_column("Antivirus", no_wrap=True)
    shown.add_column("État", no_wrap=True)
    for one, outcome in documents:
        label, style = _LABELS[outcome.state]
        scan = one.described.get("scan", {}).get("state")
        shown.add_row(Text(one.name), _type(one), _size(one.document.bytes), _SCANS.get(scan, "–"), Text(label, style))
    return shown


def _type(one: Wanted) -> Text:
    found = one.document.media_type
    declared = str(one.described.get("declared_media_type") or found)
    # The last is what intake has where nobody declared anything.
    if declared in (found, "application/octet-stream"):
        return Text(_short(found))
    return Text(f"{_short(found)}\nannoncé {_short(visible(declared))}", style="yellow")


def _short(media_type: str) -> str:
    """Whole in `--json`: office documents would take four lines each."""
    name = media_type.removeprefix("application/")
    return name.removeprefix("vnd.openxmlformats-officedocument.").removeprefix("vnd.oasis.opendocument.")


def _size(count: int) -> str:
    number, unit = decimal(count).split(" ")
    return f"{number.replace(',', ' ').replace('.', ',')} {unit.removesuffix('ytes').removesuffix('yte')[:-1]}o"


def _as_json(one: Wanted, outcome: Outcome) -> dict[str, Any]:
    return {
        "position": one.position,
        **one.document.model_dump(mode="json"),
        "declared_media_type": one.described.get("declared_media_type"),
        "name": one.described.get("name"),
        "file": one.file,
        "message": None if one.message is None else str(one.message),
        "scan": one.described.get("scan"),
        "warnings": one.described.get("warnings", []),
        "state": outcome.state.value,
        "detail": outcome.detail,
    }


def _s(count: int) -> str:
    return "s" if count > 1 else ""


def _nt(count: int) -> str:
    return "nt" if count > 1 else ""
