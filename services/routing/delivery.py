"""What a court is handed, and the receipt of the handover: pure."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from infoparquet_contracts.court import Delivery
from infoparquet_contracts.envelope import Event, encode
from infoparquet_contracts.facts import Delivered, Routed, Submitted
from infoparquet_contracts.identifiers import receipt_id
from infoparquet_contracts.parts import Decision
from infoparquet_contracts.topics import JOURNAL, tribunal_topic

from chassis.handover import Placed, Row
from chassis.outbox import Outgoing


@dataclass(frozen=True, slots=True)
class Dossiers:
    """Where courts read dossiers: intake's address as they know it."""

    base_url: str

    def url(self, procedure: UUID) -> str:
        """A procedure's dossier."""
        return f"{self.base_url}/v1/dossiers/{procedure}"


def delivery_of(procedure: UUID, submitted: Submitted, routed: Routed, number: str, dossiers: Dossiers) -> Delivery:
    """All that the court must know, without a person in it."""
    return Delivery(
        procedure=procedure,
        reference=submitted.reference,
        number=number,
        kind=submitted.kind,
        administration=submitted.administration,
        submitted_at=submitted.submitted_at,
        urgency=submitted.urgency,
        facts=submitted.facts,
        places=submitted.places,
        natinf=submitted.natinf,
        nataff=submitted.nataff,
        decision=Decision(
            tribunal=routed.tribunal,
            formation=routed.formation,
            rule=routed.rule,
            legal_basis=routed.legal_basis,
            rule_set=routed.rule_set,
        ),
        documents=submitted.documents,
        dossier_url=dossiers.url(procedure),
    )


def to_court(tribunal: str, event: Event[Any], *, receipted: bool = False) -> Outgoing:
    """A message on its court's topic; of a delivery, `receipted`, the journal will be told the offset."""
    return Outgoing(tribunal_topic(tribunal).name, encode(event), receipted)


def receipt(row: Row, placed: Placed) -> Outgoing:
    """The `delivered` fact of a delivery that the broker has just placed: the same `ce_id` however often it is said."""
    headers = {name: value.decode() for name, value in row.kafka_headers()}
    delivery = UUID(headers["ce_id"])
    data = Delivered(
        tribunal=placed.topic.split(".")[2],
        delivery=delivery,
        topic=placed.topic,
        partition=placed.partition,
        offset=placed.offset,
        at=placed.at,
    )
    event = Event(
        id=receipt_id(delivery),
        source=headers["ce_source"],
        type=data.event_type,
        subject=UUID(headers["ce_subject"]),
        time=placed.at,
        data=data,
        traceparent=headers.get("traceparent"),
    )
    return Outgoing(JOURNAL.name, encode(event))
