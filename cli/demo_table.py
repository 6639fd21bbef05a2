"""What the demonstration shows: each procedure's way in a row, then where to look further."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infoparquet_contracts.codes import Status
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.witness import Passage

# Columns that everything takes.
WHOLE = 103
_MOMENTS = {"numbered": "numéro", "delivered": "remise", "visible": "suivi"}
_ENDS = {
    "delivered": "remise",
    "unroutable": "à orienter",
    "acknowledged": "prise en charge",
    "registered": "enregistrée",
    "supplement-requested": "à compléter",
    "declined": "déclinée",
    "assigned": "attribuée",
    "decided": "décidée",
    "closed": "close",
}


def table(passages: Sequence[Passage], width: int) -> Table:
    """A row a procedure; milliseconds from the POST to each state. `width` is the terminal's, in columns."""
    shown = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", caption="millisecondes depuis l’envoi")
    # On a narrow terminal the reference and the rule give way; what tells procedures apart stays whole.
    narrow = width < WHOLE
    shown.add_column("Référence", no_wrap=True, max_width=11 if narrow else None)
    shown.add_column("Numéro", no_wrap=True, min_width=16)
    shown.add_column("Tribunal", no_wrap=True, min_width=8)
    shown.add_column("Règle", no_wrap=True, max_width=6 if narrow else None)
    shown.add_column("État", no_wrap=True, min_width=15)
    for heading in _MOMENTS.values():
        shown.add_column(heading, justify="right", no_wrap=True, min_width=len(heading))
    for passage in passages:
        moments = [_milliseconds(passage.ms[name]) for name in _MOMENTS]
        shown.add_row(passage.reference, passage.number or "", passage.tribunal or "—", passage.rule or "—",
                      _state(passage), *moments)  # fmt: skip
    return shown


def addresses(running: dict[str, Any], data: Path) -> RenderableType:
    """Where to look while it stays up."""
    lines = [("Courriels", running["mail"])]
    lines += [("Traces", running["traces"])] if "traces" in running else []
    lines += [("Données", f"--data {data}")]
    lines += [(f"API {name}", f"{service['url']}/docs") for name, service in running["services"].items()]
    lines += [("Kafka", running["kafka"]), ("Jetons", running["issuer"])]
    shown = Table.grid(padding=(0, 2))
    for what, where in lines:
        shown.add_row(Text(what, style="bold"), Text(where))
    advice = Text(
        "Les autres commandes trouvent ce système par cette option --data, par exemple « infoparquet follow »."
    )
    return Group(Text("Le système reste en marche ; Ctrl-C pour l’arrêter."), shown, advice)


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def _state(passage: Passage) -> Text:
    if passage.refused:
        return Text("refusée", style="red")
    if passage.status is None:
        return Text("en route", style="dim")
    label = _ENDS.get(passage.status) or Status(passage.status).label
    return Text(label, style="green" if passage.as_expected else "red")
