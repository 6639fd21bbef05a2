"""Dead letters as people read them: a table of many, a page of one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chassis.clock import PARIS
from chassis.letters_shown import OUTCOMES, content, origin, visible, words

# Date and time of a UUIDv7, to the millisecond.
_SHORT_ID, _WHOLE_ID = 13, 36


def print_table(letters: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """One row a letter, each with its service."""
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Lettre", no_wrap=True)
    table.add_column("Service", no_wrap=True)
    table.add_column("Motif, et d’où elle vient", overflow="fold", ratio=1)
    table.add_column("Reçue le", no_wrap=True)
    table.add_column("Derrière", justify="right", no_wrap=True)
    length = _telling([letter["id"] for _, letter in letters])
    for service, letter in letters:
        name = letter["id"] if letter["kind"] == "outbox" else letter["id"][:length]
        # Whole in `show`: every topic begins so.
        where = origin(letter).replace("infoparquet.", "")
        what = Text("\n").join(map(Text, filter(None, (letter["reason"], _place(letter)))))
        what.append(visible("\n" + where), "dim")
        table.add_row(name, visible(service), what, _time(letter["at"], "%d/%m %H:%M"), _waiting(letter))
    Console(highlight=False).print(table)


def print_letter(service: str, letter: Mapping[str, Any]) -> None:
    """All of one letter: where it came from, its bytes, what was decided."""
    console = Console(highlight=False, soft_wrap=True)
    for name, value in _lines(service, letter):
        console.print(Text.assemble((f"{name:<12}", "bold"), visible(value)))
    for header in letter.get("headers", []):
        console.print(Text(visible(f"  {header['name']}: {words(header['value'])}")))
    if "value" in letter:
        console.print()
        console.print(Text(visible(content(letter))))
    for one in letter["decisions"]:
        reason = f" : {one['reason']}" if one["reason"] else ""
        who = f"{one['subject']} ({one['organisation']})"
        outcome = OUTCOMES.get(one["outcome"], one["outcome"])
        console.print(Text(visible(f"\n{_time(one['at'])} {outcome} par {who}{reason}")))


def _lines(service: str, letter: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = [("Lettre", letter["id"]), ("Service", service), ("État", _state(letter))]
    if "code" not in letter:
        return lines
    lines += [
        ("Motif", f"{_why(letter)} ({letter['code']})"),
        ("Origine", origin(letter)),
        ("Type", letter["type"] or "–"),
        ("Procédure", letter["procedure"] or "–"),
        ("Reçue le", _time(letter["at"])),
        ("Essais", str(letter["tries"])),
        ("Derrière", _waiting(letter)),
        ("Clé", "–" if letter["key"] is None else words(letter["key"])),
    ]
    return lines


def _state(letter: Mapping[str, Any]) -> str:
    if letter["state"] == "open":
        return "ouverte"
    if not letter.get("closed_at"):
        return "close"
    return f"{'écartée' if letter['discarded'] else 'rejouée'} le {_time(letter['closed_at'])}"


def _why(letter: Mapping[str, Any]) -> str:
    return " : ".join(filter(None, (letter["reason"], _place(letter))))


def _place(letter: Mapping[str, Any]) -> str:
    return visible(letter["pointer"] or letter["cause"] or "")


def _waiting(letter: Mapping[str, Any]) -> str:
    return str(letter["parked"]) if letter["parked"] else "–"


def _time(written: str, form: str = "%d/%m/%Y %H:%M:%S") -> str:
    return datetime.fromisoformat(written).astimezone(PARIS).strftime(form)


def _telling(ids: Sequence[str]) -> int:
    """So many characters that no two of the ids begin alike."""
    for length in range(_SHORT_ID, _WHOLE_ID):
        if len({one[:length] for one in ids}) == len(set(ids)):
            return length
    return _WHOLE_ID
