"""Examples of intake's bodies and answers: what makes the published samples when it is sent, and what is then said."""

from typing import Any, Final

from infoparquet_contracts.codes import WithdrawalReason
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Submitted, Supplemented, Withdrawn
from infoparquet_contracts.samples.story import DUMPING_NUMBER
from pydantic_core import to_jsonable_python

from chassis.golden import golden

# What a fact never carries: intake keeps it in the dossier.
_WORDS: Final[dict[str, dict[str, Any]]] = {
    "urgent": {
        "persons": [{"role": "suspect", "kind": "natural", "family_name": "Exemple", "given_name": "Camille"}],
        "author": {"name": "Alix Modèle", "service": "Pôle risques", "email": "alix.modele@dreal.example"},
    },
    "place-without-commune": {"comment": "Constaté par survol, au large du bassin d’Arcachon."},
}
_PLACES: Final = {"place-without-commune": "en mer, au large du bassin d’Arcachon"}
SUBMITTED: Final = {case: golden(Submitted, case) for case in _WORDS}


def _body(case: str) -> dict[str, Any]:
    """What an administration sent for that fact to be said."""
    said = to_jsonable_python(SUBMITTED[case].data)
    # The token says whose it is and intake when it came.
    sent = {name: value for name, value in said.items() if name not in ("administration", "submitted_at", "documents")}
    if case in _PLACES:
        sent["places"] = [place | {"text": _PLACES[case]} for place in sent["places"]]
    return sent | _WORDS[case]


def _answer(event: Event[Submitted], number: str | None) -> dict[str, Any]:
    return {
        "id": event.subject,
        "reference": event.data.reference,
        "status_url": f"/v1/procedures/{event.subject}",
        "number": number,
        "warnings": [],
    }


BODIES: Final = {case: _body(case) for case in _WORDS}
ACCEPTED: Final = {case: _answer(event, None) for case, event in SUBMITTED.items()}
NUMBERED: Final = _answer(SUBMITTED["urgent"], DUMPING_NUMBER)
LINE: Final = BODIES["urgent"] | {"idempotency_key": "dreal33-2026-00043"}
LINE_TAKEN: Final = {"line": 1, "status": 202, "id": SUBMITTED["urgent"].subject, "warnings": []}
CONTACT: Final = {name: _WORDS["urgent"]["author"][name] for name in ("name", "email")}
DOSSIER: Final = {
    "id": SUBMITTED["urgent"].subject,
    "number": DUMPING_NUMBER,
    "administration": SUBMITTED["urgent"].data.administration,
    "submitted_at": SUBMITTED["urgent"].data.submitted_at,
    **BODIES["urgent"],
    "supplements": [],
    "withdrawal": None,
    "attachments": [],
}
LOST: Final = {
    "dossiers": [{name: DOSSIER[name] for name in ("id", "number", "administration", "reference", "submitted_at")}]
}
_SUPPLEMENT: Final = golden(Supplemented, "in-words")
SUPPLEMENT: Final = {"text": "Les mesures du 26 novembre confirment le rejet."}
SUPPLEMENTED: Final = {
    "id": _SUPPLEMENT.data.supplement,
    "procedure": _SUPPLEMENT.subject,
    "status_url": f"/v1/procedures/{_SUPPLEMENT.subject}",
}
_WITHDRAWAL: Final = golden(Withdrawn, "before-delivery")
WITHDRAWAL: Final[dict[str, WithdrawalReason]] = {"reason": _WITHDRAWAL.data.reason}
WITHDRAWN: Final = {
    "id": _WITHDRAWAL.id,
    "procedure": _WITHDRAWAL.subject,
    "status_url": f"/v1/procedures/{_WITHDRAWAL.subject}",
}
