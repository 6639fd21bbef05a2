"""Sixty procedures such as administrations really send, what courts answer, and the end each should come to.

All people are invented.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("procedures.ndjson")


@dataclass(frozen=True)
class Sample:
    """One request of an administration, and where it should end."""

    administration: str
    idempotency_key: str
    procedure: dict[str, Any]
    expected_status: str
    expected_tribunal: str | None
    # What the court answers, one after another; after `declined` the next court goes on, and `supplemented` is what the
    # administration adds when it was asked.
    court: tuple[dict[str, Any], ...]

    @property
    def mails(self) -> int:
        """How many its author gets: of the number, and of what courts say."""
        return 1 + sum(step["fact"] in ("acknowledged", "supplement-requested", "decided") for step in self.court)

    @property
    def tribunals(self) -> set[str]:
        """The courts that are handed it."""
        declining = {step["by"] for step in self.court if step["fact"] == "declined"}
        return declining | ({self.expected_tribunal} if self.expected_tribunal else set())

    @property
    def reference(self) -> str:
        """The administration's own."""
        return str(self.procedure["reference"])


def read_samples() -> list[Sample]:
    """In the order they are sent; one is sent twice."""
    lines = [json.loads(line) for line in _FILE.read_text().splitlines()]
    return [
        Sample(
            line["administration"],
            line["idempotency_key"],
            line["procedure"],
            line["expected"]["status"],
            line["expected"]["tribunal"],
            tuple(line["court"]),
        )
        for line in lines
    ]
