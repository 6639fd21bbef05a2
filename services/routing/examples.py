"""Examples of routing's bodies and answers: the published samples, decided and explained as the service does."""

from typing import Any, Final

from infoparquet_contracts.facts import Routed, Submitted, Unroutable
from infoparquet_contracts.registry import REPLIES
from infoparquet_contracts.replies import DeclinedReply
from infoparquet_contracts.samples import SAMPLES
from pydantic_core import to_jsonable_python

from chassis.golden import golden
from reference import Reference
from services.routing.api import show_court
from services.routing.competence import decide
from services.routing.courts import names
from services.routing.decision import case_of
from services.routing.explanation import render_answer
from services.routing.lacking import lacking

_ROUTED: Final = golden(Routed, "two-candidates")
_QUEUED: Final = golden(Unroutable, "place-without-commune")
_DECLINED: Final = golden(DeclinedReply, "another-court-named")
# Of replies, what a court sends over HTTP: the data of the event and which fact it is.
REPLY_BODIES: Final[dict[str, dict[str, Any]]] = {
    f"{one.event.data.fact}/{one.case}": {"fact": one.event.data.fact, **to_jsonable_python(one.event.data)}
    for one in SAMPLES
    if type(one.event.data) in REPLIES
}
REPLY_TAKEN: Final = {"id": _DECLINED.id, "procedure": _DECLINED.subject, "fact": _DECLINED.data.fact}
ASSIGNMENT: Final = {"tribunal": _ROUTED.data.tribunal, "reason": "Le rejet atteint la côte devant ce ressort."}
ASSIGNED: Final = {"id": _QUEUED.id, "procedure": _QUEUED.subject, "tribunal": _ROUTED.data.tribunal}
REDELIVERY: Final = {"from": _ROUTED.time.date()}
REDELIVERED: Final = {"tribunal": _ROUTED.data.tribunal, **REDELIVERY, "messages": 1}
DECIDED_AGAIN: Final = {"decided": 1, "waiting": 0, "rule_set": _ROUTED.data.rule_set}
WORDS: Final = {
    "id": _DECLINED.id,
    "procedure": _DECLINED.subject,
    "tribunal": _DECLINED.source.rpartition("/")[2],
    "fact": _DECLINED.data.fact,
    "at": _DECLINED.data.at,
    "text": "Le rejet part d’une installation située dans le ressort de Libourne.",
}


def answers(reference: Reference) -> dict[str, Any]:
    """What `GET /v1/competence` answers on two of the submissions."""
    return {
        case: render_answer(decide(case_of(golden(Submitted, case).data), reference.law), reference)
        for case in ("with-documents", "place-without-commune")
    }


def court(reference: Reference) -> dict[str, Any]:
    """The court that has the procedure."""
    code = _ROUTED.data.tribunal
    return show_court(code, names(reference.courts)[code], reference)


def cases() -> dict[str, Any]:
    """What rules look at in a procedure."""
    case = case_of(golden(Submitted, "with-documents").data)
    shown = {name: getattr(case, name) for name in ("on", "kind", "places", "natinf", "nataff")}
    return {"cases": [{"id": _ROUTED.subject, **shown}], "next": None}


def queue(reference: Reference) -> dict[str, Any]:
    """A procedure at sea, that waits for an operator."""
    submitted, reason = golden(Submitted, "place-without-commune").data, _QUEUED.data.reason
    queued = {
        "id": _QUEUED.subject,
        "number": None,
        "reference": submitted.reference,
        "administration": submitted.administration,
        "submitted_at": submitted.submitted_at,
        "urgent": submitted.urgency is not None,
        "urgency": submitted.urgency,
        "reason": reason,
        "explanation": reason.label,
        "missing": [one.as_json() for one in lacking(submitted, reason, reference.law)],
        "candidates": _QUEUED.data.candidates,
        "withdrawal_requested": False,
        "declined_by": [],
        "history": [],
        "since": _QUEUED.time,
    }
    return {"procedures": [queued], "waiting": 1}
