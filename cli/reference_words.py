"""Reference data and their changes as people and programs read them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from reference.imports.difference import LOSSES, SECTIONS, Change, Difference
from reference.manifest import Sheet

SHOWN: Final = 20


def difference_lines(difference: Difference) -> Iterator[str]:
    """The first changes of each section, losses first."""
    if difference.empty:
        yield "Aucun code, aucune commune, aucun tribunal ne change."
    for section, changes in difference.sections.items():
        mark = " (perte)" if section in LOSSES else ""
        yield f"{SECTIONS[section]}{mark} : {len(changes)}"
        for change in changes[:SHOWN]:
            yield f"  {_line(change)}"
        if len(changes) > SHOWN:
            yield f"  … et {len(changes) - SHOWN} de plus (--json les donne tous)"


def difference_document(difference: Difference) -> dict[str, Any]:
    """All of it."""
    sections = difference.sections
    return {
        "losses": difference.losses,
        "counts": {name: len(changes) for name, changes in sections.items()},
        "changes": {name: [_entry(change) for change in changes] for name, changes in sections.items()},
    }


def sheet_documents(sheets: Mapping[str, Sheet]) -> list[dict[str, Any]]:
    return [{"file": name, **sheet.model_dump(mode="json")} for name, sheet in sheets.items()]


def _line(change: Change) -> str:
    named = f"{change.code}  {change.label}".rstrip()
    if change.before and change.after:
        return f"{named} : {change.before} → {change.after}"
    if change.after or change.before:
        return f"{named} : {change.after or change.before}"
    return named


def _entry(change: Change) -> dict[str, Any]:
    return {"code": change.code, "label": change.label, "from": change.before, "to": change.after}
