"""One line per event: facts, messages and replies whose defaults make a short road through two courts."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID, uuid5

from infoparquet_contracts import facts
from infoparquet_contracts.codes import (
    Channel,
    DeclineReason,
    Ground,
    Kind,
    MissingItem,
    NotificationFailure,
    Orientation,
    UnroutableReason,
    UrgencyReason,
    WithdrawalReason,
)
from infoparquet_contracts.envelope import Event, Record, encode
from infoparquet_contracts.parts import Document, FactsPeriod, Matched, Place, Urgency
from infoparquet_contracts.payload import Payload

PROCEDURE = UUID("0192f0c1-0000-7000-8000-000000000001")
DELIVERY = UUID("0192f0c1-0000-7000-8000-0000000000d1")
OTHER_DELIVERY = UUID("0192f0c1-0000-7000-8000-0000000000d2")
REPLY = UUID("0192f0c1-0000-7000-8000-0000000000e1")
START = datetime(2026, 11, 23, 9, 0, 0, 250_000, tzinfo=UTC)
BORDEAUX, PARIS = "tj33063", "tj75056"
URGENT = Urgency(reason=UrgencyReason.LIMITATION, until=date(2026, 12, 20))
PHOTOGRAPH = Document(id=REPLY, media_type="image/jpeg", bytes=2_048, sha256="0f" * 32)


class Changes(TypedDict, total=False):
    id: UUID
    source: str
    type: str
    subject: UUID
    time: datetime
    traceparent: str | None


def an_event(data: Payload, minute: int = 0, **changes: Unpack[Changes]) -> Event[Payload]:
    event = Event(
        id=uuid5(PROCEDURE, f"{data.fact}/{minute}"),
        source="/services/routing",
        type=data.event_type,
        subject=PROCEDURE,
        time=START + timedelta(minutes=minute),
        data=data,
        traceparent=f"00-{'a1' * 16}-{'b2' * 8}-01",
    )
    return replace(event, **changes)


def headers_of(data: Payload, **changes: bytes | None) -> list[tuple[str, bytes | None]]:
    """The headers of that event, some replaced: `ce_id=b"…"`, `content_type=None`."""
    replaced = {name.replace("content_type", "content-type"): value for name, value in changes.items()}
    return [(name, replaced.get(name, value)) for name, value in encode(an_event(data)).headers]


def structured(event: Event[Payload]) -> dict[str, Any]:
    """The event as JSON, whole: what its value is in structured mode."""
    return structured_record(encode(event))


def structured_record(record: Record) -> dict[str, Any]:
    """The same of an event that was written in binary mode."""
    said = {name.removeprefix("ce_"): value.decode() for name, value in record.headers if name != "content-type"}
    return {**said, "datacontenttype": "application/json", "data": json.loads(record.value)}


def submitted(urgency: Urgency | None = None, documents: int = 0) -> facts.Submitted:
    return facts.Submitted(
        administration="dreal-33",
        service="risques",
        reference="DREAL33-2026-00042",
        kind=Kind.ARTICLE_40,
        submitted_at=START,
        urgency=urgency,
        facts=FactsPeriod(from_=date(2021, 3, 1), to=None),
        places=(Place(ground=Ground.FACTS, commune="33063"), Place(ground=Ground.RESIDENCE, commune=None)),
        natinf=("22587",),
        nataff=("I51",),
        documents=(PHOTOGRAPH,) * documents,
    )


def supplemented() -> facts.Supplemented:
    return facts.Supplemented(supplement=REPLY, documents=(PHOTOGRAPH,), words=None)


def withdrawn() -> facts.Withdrawn:
    return facts.Withdrawn(reason=WithdrawalReason.DUPLICATE)


def document_infected(supplement: UUID | None = None) -> facts.DocumentInfected:
    return facts.DocumentInfected(document=PHOTOGRAPH.id, supplement=supplement)


def numbered(number: str = "2026-00000042-26") -> facts.Numbered:
    return facts.Numbered(number=number, authority="local")


def routed(tribunal: str = BORDEAUX) -> facts.Routed:
    return facts.Routed(
        tribunal=tribunal,
        formation=None,
        rule="place-of-facts",
        legal_basis="CPP art. 43",
        matched=Matched(places=(Place(ground=Ground.FACTS, commune="33063"),)),
        candidates=(),
        rule_set="2026-11-23",
    )


def unroutable() -> facts.Unroutable:
    return facts.Unroutable(reason=UnroutableReason.PLACE_WITHOUT_COMMUNE, candidates=(), rule_set="2026-11-23")


def delivered(tribunal: str = BORDEAUX, delivery: UUID = DELIVERY) -> facts.Delivered:
    topic = f"infoparquet.tribunal.{tribunal}.v1"
    return facts.Delivered(tribunal=tribunal, delivery=delivery, topic=topic, partition=0, offset=7, at=START)


def acknowledged(tribunal: str = BORDEAUX, delivery: UUID = DELIVERY) -> facts.Acknowledged:
    return facts.Acknowledged(tribunal=tribunal, delivery=delivery, at=START, reply=REPLY)


def registered(tribunal: str = BORDEAUX, delivery: UUID = DELIVERY) -> facts.Registered:
    return facts.Registered(tribunal=tribunal, delivery=delivery, at=START, reply=REPLY, parquet_number="26327000045")


def supplement_requested(tribunal: str = BORDEAUX, delivery: UUID = DELIVERY) -> facts.SupplementRequested:
    missing = (MissingItem.PHOTOGRAPHS,)
    return facts.SupplementRequested(tribunal=tribunal, delivery=delivery, at=START, reply=REPLY, missing=missing)


def declined(tribunal: str = BORDEAUX, delivery: UUID = DELIVERY) -> facts.Declined:
    reason, competent = DeclineReason.OTHER_TERRITORY, (PARIS,)
    return facts.Declined(
        tribunal=tribunal, delivery=delivery, at=START, reply=REPLY, reason=reason, competent=competent
    )


def assigned(tribunal: str = BORDEAUX, delivery: UUID = DELIVERY) -> facts.Assigned:
    return facts.Assigned(tribunal=tribunal, delivery=delivery, at=START, reply=REPLY, section="ECO2")


def decided(tribunal: str = BORDEAUX, delivery: UUID = DELIVERY) -> facts.Decided:
    orientation = Orientation.INVESTIGATION
    return facts.Decided(
        tribunal=tribunal, delivery=delivery, at=START, reply=REPLY, orientation=orientation, ground=None
    )


def closed(tribunal: str = BORDEAUX, delivery: UUID = DELIVERY) -> facts.Closed:
    return facts.Closed(tribunal=tribunal, delivery=delivery, at=START, reply=REPLY)


def notified() -> facts.Notified:
    recipient = "administration:dreal-33"
    return facts.Notified(about=REPLY, recipient=recipient, subscription=None, channel=Channel.MAIL, at=START, tries=1)


def notification_failed() -> facts.NotificationFailed:
    return facts.NotificationFailed(
        about=REPLY,
        recipient="tribunal:tj33063",
        subscription=REPLY,
        channel=Channel.WEBHOOK,
        at=START,
        tries=5,
        failure=NotificationFailure.UNREACHABLE,
    )


def overdue(tribunal: str = BORDEAUX, delivery: UUID = DELIVERY) -> facts.Overdue:
    return facts.Overdue(tribunal=tribunal, delivery=delivery, due=START)
