"""How tables keep a fact: at each of its versions, so that two releases can share a database, or the older one return.

The oldest form stands where the release before reads it; the newer ones, if there are any, beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infoparquet_contracts import versions
from infoparquet_contracts.payload import Payload
from pydantic_core import to_json


@dataclass(frozen=True, slots=True)
class Kept:
    """A fact's data as JSON text; `newer` are the newer forms by type, None where there are none."""

    type: str
    data: str
    newer: str | None


def keep(payload: Payload) -> Kept:
    """What is written of a fact, whatever the journal carries by now: a migration ends it, not a day."""
    *newer, oldest = versions.forms(payload)
    beside = to_json({one.event_type: one for one in newer}).decode() if newer else None
    return Kept(oldest.event_type, to_json(oldest).decode(), beside)


def recall(event_type: str, data: Any, newer: Mapping[str, Any] | None) -> Payload | None:  # noqa: ANN401 - JSON
    """The fact at the newest version known here; None where it is of a newer release alone."""
    return versions.recall({event_type: data, **(newer or {})})
