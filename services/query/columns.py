"""What an export says of each procedure: the list's row, flat, under names and types that stay (`docs/figures.md`)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from reference.names import Names
from services.query.search import Row

# In order; the type is Arrow's, and a column that may be null ends with `?`.
COLUMNS: Final[Mapping[str, str]] = {
    "id": "string",
    "number": "string?",
    "reference": "string",
    "administration": "string",
    "kind": "string",
    "status": "string",
    "status_label": "string",
    "tribunal": "string?",
    "tribunal_name": "string?",
    "urgent": "bool",
    "urgency_reason": "string?",
    "urgency_until": "date?",
    "submitted_at": "timestamp",
}


def lines(rows: Sequence[Row], names: Names) -> Iterator[dict[str, Any]]:
    """Each procedure's values by column."""
    for row in rows:
        urgency = row.urgency
        yield {
            "id": row.id,
            "number": row.number,
            "reference": row.reference,
            "administration": row.administration,
            "kind": row.kind,
            "status": row.status,
            "status_label": row.status.label,
            "tribunal": row.tribunal,
            "tribunal_name": None if row.tribunal is None else names.of(row.tribunal),
            "urgent": urgency is not None,
            "urgency_reason": None if urgency is None else urgency.reason,
            "urgency_until": None if urgency is None else urgency.until,
            "submitted_at": row.submitted_at,
        }
