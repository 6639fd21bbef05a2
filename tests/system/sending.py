"""Files of procedures to send."""

import json
from pathlib import Path

COMMUNES = ("33063", "59350", "97411")
COURTS = ("tj33063", "tj59350", "tj97411")


def a_file(folder: Path, name: str, *, lines: int) -> Path:
    """Procedures that all have a court, and an author whom mails reach."""
    path = folder / f"{name}.ndjson"
    procedures = [
        {
            "idempotency_key": f"{name}-{number}",
            "reference": f"{name}-{number}",
            "kind": "report",
            "facts": {"summary": "Dépôt sauvage constaté."},
            "places": [{"ground": "facts", "commune": COMMUNES[number % len(COMMUNES)]}],
            "nataff": ["J5"],
            "author": {"email": "agent@dreal-33.example"},
        }
        for number in range(lines)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in procedures))
    return path
