"""What a court is handed, and the receipt of the handover: pure."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from infoparquet_contracts.court import Delivery, Notice
from infoparquet_contracts.envelope import Event, encode
from infoparquet_contracts.facts import Delivered, Routed, Submitted
from infoparquet_contracts.identifiers import receipt_id
from infoparquet_contracts.overlap import written
from infoparquet_contracts.parts import Candidate, Decision
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
    return Delivery(**_told(procedure, submitted, routed, number), dossier_url=dossiers.url(procedure))


def notice_of(procedure: UUID, submitted: Submitted, routed: Routed, number: str, addressed: Candidate) -> Notice:
    """The same for a specialised court that does not get it, without the way to the dossier."""
    return Notice(**_told(procedure, submitted, routed, number), addressed=addressed)


def _told(procedure: UUID, submitted: Submitted, routed: Routed, number: str) -> dict[str, Any]:
    same = ("reference", "kind", "administration", "submitted_at", "urgency", "facts", "places", "natinf", "nataff")
    return {
        "procedure": procedure,
        "number": number,
        **{name: getattr(submitted, name) for name in (*same, "documents")},
        "decision": Decision(**{name: getattr(routed, name) for name in Decision.model_fields}),
    }


def to_court(tribunal: str, event: Event[Any], *, receipted: bool = False, urgent: bool = False) -> list[Outgoing]:
    """A message on its court's topic, in each version in force.

    Of a delivery, `receipted`, the journal will be told the offset: that of the record that has its id.
    """
    topic, records = tribunal_topic(tribunal).name, written(event)
    return [Outgoing(topic, record, receipted and record is records[-1], urgent) for record in records]


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
