"""Examples of query's answers: the story of the published samples, folded and worded as the service does."""

from typing import Any

from infoparquet_contracts.facts import Submitted
from infoparquet_contracts.samples.story import DISCHARGE
from pydantic_core import from_json

from chassis import forms
from chassis.golden import golden, journal_of
from reference.names import Names
from services.query.answers import show_fact, show_procedure, show_relatives
from services.query.cursor import write_place
from services.query.feed_store import Place, Row
from services.query.related_store import Relatives
from services.query.timeline import Procedure, grow


def told(names: Names) -> dict[str, Any]:
    """The end of the same procedure, as the feed tells it."""
    growth = grow({}, (), journal_of(DISCHARGE))
    submitted, stamp = golden(Submitted, "with-documents").data, 2**61 + 1
    rows = [
        Row(
            Place(seq, stamp), event.id, event.subject, submitted.administration, submitted.reference,
            growth.told[event.id].tribunal, growth.told[event.id].number, kept.type, event.source, event.time,
            from_json(kept.data), None if kept.newer is None else from_json(kept.newer), entry.why_not,
        )
        for seq, entry in enumerate(growth.entries, 1)
        for event in [entry.event]
        for kept in [forms.keep(event.data)]
    ]  # fmt: skip
    return {"facts": [show_fact(row, names) for row in rows[-2:]], "next": write_place(rows[-1].place), "more": False}


def followed(names: Names) -> dict[str, Any]:
    """A procedure that a court prosecuted and closed."""
    submitted = golden(Submitted, "with-documents")
    growth = grow({}, (), journal_of(DISCHARGE))
    data = submitted.data
    procedure = Procedure(
        DISCHARGE,
        data.administration,
        data.service,
        data.reference,
        data.kind,
        data.submitted_at,
        growth.states[DISCHARGE],
        growth.entries,
    )
    return show_procedure(procedure, names) | show_relatives(Relatives())
