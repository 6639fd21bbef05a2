"""What administrations send, in one line each, and the facts that come back."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from infoparquet_contracts import facts
from infoparquet_contracts.codes import DeclineReason, WithdrawalReason
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload

from chassis.clock import new_id

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BORDEAUX, PARIS = "tj33063", "tj75056"


def a_procedure(**changes: Any) -> dict[str, Any]:
    """A body that is accepted without a remark; `changes` replace fields, None takes one away."""
    body = {
        "reference": "DREAL33-2026-00042",
        "kind": "article-40",
        "facts": {"from": "2021-03-01", "to": "2021-05-31", "summary": "Rejet d'effluents dans le fleuve."},
        "places": [{"ground": "facts", "commune": "33063", "text": "quai des Marques"}],
        "natinf": ["7"],
        "persons": [{"role": "suspect", "kind": "natural", "family_name": "Exemple", "given_name": "Camille"}],
        "author": {"name": "Alix Modèle", "service": "Pôle risques", "email": "alix@dreal.example"},
        "comment": "À traiter avec le dossier voisin.",
    } | changes
    return {name: value for name, value in body.items() if value is not None}


def a_line(key: str, **changes: Any) -> str:
    """A line of a batch."""
    return json.dumps(a_procedure(**changes) | {"idempotency_key": key}, ensure_ascii=False)


def a_fact(procedure: str | UUID, data: Payload) -> Event[Any]:
    """A fact about a procedure, as the journal has it."""
    return Event(
        id=new_id(),
        source="/services/routing",
        type=data.event_type,
        subject=UUID(str(procedure)),
        time=NOON,
        data=data,
    )


def numbered(procedure: str, number: str = "2026-00000042-26") -> Event[Any]:
    return a_fact(procedure, facts.Numbered(number=number, authority="local"))


def routed(procedure: str, tribunal: str = BORDEAUX) -> Event[Any]:
    fact = facts.Routed(
        tribunal=tribunal,
        formation=None,
        rule="cpp-43-facts",
        legal_basis="CPP art. 43",
        matched={},
        candidates=(),
        rule_set="2026-11-23",
    )
    return a_fact(procedure, fact)


def delivered(procedure: str, delivery: UUID, tribunal: str = BORDEAUX) -> Event[Any]:
    topic = f"infoparquet.tribunal.{tribunal}.v1"
    fact = facts.Delivered(tribunal=tribunal, delivery=delivery, topic=topic, partition=0, offset=7, at=NOON)
    return a_fact(procedure, fact)


def declined(procedure: str, delivery: UUID, tribunal: str = BORDEAUX) -> Event[Any]:
    fact = facts.Declined(
        tribunal=tribunal,
        delivery=delivery,
        at=NOON,
        reply=new_id(),
        reason=DeclineReason.OTHER_TERRITORY,
        competent=(),
    )
    return a_fact(procedure, fact)


def closed(procedure: str, delivery: UUID, tribunal: str = BORDEAUX) -> list[Event[Any]]:
    """From the entry at the bureau d'ordre to the end."""
    said = {"tribunal": tribunal, "delivery": delivery, "at": NOON}
    registered = facts.Registered(**said, reply=new_id(), parquet_number="26000123")
    return [a_fact(procedure, registered), a_fact(procedure, facts.Closed(**said, reply=new_id()))]


def withdrawn(procedure: str) -> Event[Any]:
    return a_fact(procedure, facts.Withdrawn(reason=WithdrawalReason.DUPLICATE))


def delivery_to(procedure: str, tribunal: str = BORDEAUX) -> list[Event[Any]]:
    """From the court's designation to the receipt; the last fact carries the delivery."""
    return [routed(procedure, tribunal), delivered(procedure, new_id(), tribunal)]
