"""Examples of query's answers: the story of the published samples, folded and worded as the service does."""

from typing import Any

from infoparquet_contracts.facts import Submitted
from infoparquet_contracts.samples.story import DISCHARGE

from chassis.golden import golden, journal_of
from reference.names import Names
from services.query.answers import show_procedure
from services.query.timeline import Procedure, grow


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
    return show_procedure(procedure, names)
