"""Procedures as JSON answers; beside each code stand the words that people read."""

from collections.abc import Sequence
from typing import Any

from infoparquet_contracts.codes import Status
from infoparquet_contracts.parts import Urgency
from infoparquet_contracts.status import FOLLOWERS
from infoparquet_contracts.versions import fact_of

from chassis import forms
from reference.names import Names
from services.query.asked import Asked
from services.query.feed_store import Row
from services.query.related_store import Relatives
from services.query.search import Row as Listed
from services.query.timeline import Entry, Procedure
from services.query.wording import WHY_NOT, describe, describe_relation, describe_urgency


def show_statuses() -> list[dict[str, Any]]:
    """The statuses in the order of the road, and which may follow which."""
    return [
        {"status": status, "label": status.label, "followers": [one for one in Status if one in FOLLOWERS[status]]}
        for status in Status
    ]


def show_page(rows: Sequence[Listed], following: str | None, asked: Asked | None, names: Names) -> dict[str, Any]:
    """A page of the list; `corrected` are the numbers found in place of the one that was mistyped."""
    meant = () if asked is None else asked.corrected
    return {
        "procedures": show_rows(rows, names),
        "next": following,
        "corrected": sorted({row.number for row in rows if row.number in meant}),
        "ignored": [] if asked is None else list(asked.ignored),
    }


def show_rows(rows: Sequence[Listed], names: Names) -> list[dict[str, Any]]:
    """Procedures in a list."""
    return [
        {
            "id": row.id,
            "number": row.number,
            "reference": row.reference,
            "administration": row.administration,
            "kind": row.kind,
            **_standing(row.status, row.tribunal, row.urgency, names),
            "submitted_at": row.submitted_at,
        }
        for row in rows
    ]


def show_procedure(procedure: Procedure, names: Names) -> dict[str, Any]:
    """One procedure with its timeline."""
    state = procedure.state
    return {
        "id": procedure.id,
        "number": state.number,
        "reference": procedure.reference,
        "administration": procedure.administration,
        "service": procedure.service,
        "kind": procedure.kind,
        **_standing(state.status, state.tribunal, state.urgency, names),
        "formation": state.formation,
        "submitted_at": procedure.submitted_at,
        "withdrawal_requested": state.withdrawal_requested,
        "overdue": state.overdue,
        "delivery": state.delivery,
        "times": dict(state.times),
        "timeline": [_show_entry(entry, names) for entry in procedure.entries],
    }


def show_relatives(relatives: Relatives) -> dict[str, Any]:
    """The newest of those that seem to be about the same facts, and whether there are others."""
    return {
        "related": [
            {
                "id": row.id,
                "number": row.number,
                "reference": row.reference,
                "administration": row.administration,
                "status": row.status,
                "status_label": row.status.label,
                "why": list(row.why),
                "description": describe_relation(row.why),
            }
            for row in relatives.rows
        ],
        "more_related": relatives.more,
    }


def show_fact(row: Row, names: Names) -> dict[str, Any]:
    """One fact of the feed, the same whoever reads it and whenever, but for the courts' names."""
    data = forms.recall(row.type, row.data, row.newer)
    return {
        "id": row.id,
        "fact": fact_of(row.type) if data is None else data.fact,
        "procedure": row.procedure,
        "number": row.number,
        "reference": row.reference,
        "time": row.time,
        "source": row.source,
        # Of a newer release alone: what it said is told as it stands, since a reader may not miss it.
        "data": row.data if data is None else data.model_dump(mode="json"),
        "description": "Fait d’une version plus récente du service" if data is None else describe(data, names),
        "applied": row.why_not is None,
    }


def _standing(status: Status, tribunal: str | None, urgency: Urgency | None, names: Names) -> dict[str, Any]:
    return {
        "status": status,
        "status_label": status.label,
        "tribunal": tribunal,
        "tribunal_name": None if tribunal is None else names.of(tribunal),
        "urgent": urgency is not None,
        "urgency": None if urgency is None else _show_urgency(urgency),
    }


def _show_urgency(urgency: Urgency) -> dict[str, Any]:
    return {"reason": urgency.reason, "until": urgency.until, "description": describe_urgency(urgency)}


def _show_entry(entry: Entry, names: Names) -> dict[str, Any]:
    event = entry.event
    return {
        "id": event.id,
        "fact": event.data.fact,
        "time": event.time,
        "source": event.source,
        "data": event.data.model_dump(mode="json"),
        "description": describe(event.data, names),
        "applied": entry.why_not is None,
        "why_not": entry.why_not,
        "why_not_label": None if entry.why_not is None else WHY_NOT[entry.why_not],
        # W3C: version, trace id, parent id, flags.
        "trace": None if event.traceparent is None else event.traceparent.split("-")[1],
    }
