"""What a court is handed: the contract to the letter, no person in it; and the receipt of the handover."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from infoparquet_contracts.codes import Ground, UrgencyReason
from infoparquet_contracts.envelope import Event, decode
from infoparquet_contracts.facts import Routed
from infoparquet_contracts.identifiers import receipt_id
from infoparquet_contracts.parts import Document, FactsPeriod, Matched, Place, Urgency

from chassis.clock import new_id
from chassis.handover import Placed, Row
from chassis.outbox import Outgoing
from services.routing.delivery import Dossiers, delivery_of, receipt, to_court
from tests.builders import NOON, a_submission, an_event

PROCEDURE = UUID("0192f0c1-0000-7000-8000-000000000001")
DOCUMENT = UUID("0192f0c1-0000-7000-8000-000000000002")
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
PLACED = Placed("infoparquet.tribunal.tj33063.v1", 0, 1234, datetime(2026, 11, 23, 12, 0, 1, 500_000, tzinfo=UTC))


def a_delivery(**more: Any) -> Event[Any]:
    """Everything that an administration can say without naming anybody."""
    submitted = a_submission().model_copy(
        update={
            "urgency": Urgency(reason=UrgencyReason.LIMITATION, until=date(2026, 12, 20)),
            "facts": FactsPeriod(from_=date(2021, 3, 1), to=None),
            "places": (
                Place(ground=Ground.FACTS, commune="33063"),
                Place(ground=Ground.RESIDENCE, commune=None),
            ),
            "natinf": ("22587",),
            "documents": (Document(id=DOCUMENT, media_type="application/pdf", bytes=12, sha256=SHA256),),
        }
    )
    routed = Routed(
        tribunal="tj33063",
        formation=None,
        rule="cpp-43-facts",
        legal_basis="CPP art. 43",
        matched=Matched(places=(Place(ground=Ground.FACTS, commune="33063"),)),
        candidates=(),
        rule_set="2026-11-23",
    )
    dossiers = Dossiers("https://infoparquet.example")
    data = delivery_of(PROCEDURE, submitted, routed, "2026-00000042-26", dossiers)
    return an_event(data, subject=PROCEDURE, source="/services/routing", **more)


def as_claimed(outgoing: Outgoing) -> Row:
    """The outbox row that the relay reads back."""
    headers = json.dumps([[name, value.decode()] for name, value in outgoing.record.headers])
    return Row(1, outgoing.topic, outgoing.record.key, outgoing.record.value, headers, outgoing.receipted, NOON)


def test_a_delivery_is_the_contract_to_the_letter() -> None:
    (outgoing,) = to_court("tj33063", a_delivery(), receipted=True)
    assert (outgoing.topic, outgoing.receipted) == ("infoparquet.tribunal.tj33063.v1", True)
    assert outgoing.record.key == str(PROCEDURE).encode()
    assert json.loads(outgoing.record.value) == {
        "procedure": str(PROCEDURE),
        "reference": "DREAL33-1",
        "number": "2026-00000042-26",
        "kind": "article-40",
        "administration": "dreal-33",
        "submitted_at": "2026-11-23T12:00:00Z",
        "urgency": {"reason": "limitation", "until": "2026-12-20"},
        "facts": {"from": "2021-03-01", "to": None},
        "places": [
            {"ground": "facts", "commune": "33063", "aerodrome": None},
            {"ground": "residence", "commune": None, "aerodrome": None},
        ],
        "natinf": ["22587"],
        "nataff": ["I51"],
        "decision": {
            "tribunal": "tj33063",
            "formation": None,
            "rule": "cpp-43-facts",
            "legal_basis": "CPP art. 43",
            "rule_set": "2026-11-23",
        },
        "documents": [{"id": str(DOCUMENT), "media_type": "application/pdf", "bytes": 12, "sha256": SHA256}],
        "dossier_url": f"https://infoparquet.example/v1/dossiers/{PROCEDURE}",
    }


def test_a_delivery_is_a_cloud_event_that_any_kafka_client_reads() -> None:
    delivery = a_delivery()
    headers = {name: value.decode() for name, value in to_court("tj33063", delivery)[0].record.headers}
    assert headers == {
        "ce_specversion": "1.0",
        "ce_id": str(delivery.id),
        "ce_source": "/services/routing",
        "ce_type": "fr.justice.infoparquet.tribunal.delivery.v1",
        "ce_subject": str(PROCEDURE),
        "ce_time": "2026-11-23T12:00:00.000000Z",
        "ce_dataschema": "https://schemas.infoparquet.example/fr.justice.infoparquet.tribunal.delivery.v1.json",
        "content-type": "application/json",
    }


def test_the_receipt_says_where_the_broker_put_the_delivery() -> None:
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    delivery = a_delivery(traceparent=trace)
    told = receipt(as_claimed(*to_court("tj33063", delivery)), PLACED)
    said = decode(told.record.key, told.record.value, told.record.headers)
    assert (told.topic, told.receipted) == ("infoparquet.procedures.v1", False)
    assert (said.subject, said.source, said.time, said.traceparent) == (
        PROCEDURE,
        "/services/routing",
        PLACED.at,
        trace,
    )
    assert said.data.model_dump() == {
        "tribunal": "tj33063",
        "delivery": delivery.id,
        "topic": PLACED.topic,
        "partition": 0,
        "offset": 1234,
        "at": PLACED.at,
    }


def test_the_receipt_of_a_delivery_is_the_same_event_however_often_it_is_said() -> None:
    row = as_claimed(*to_court("tj33063", a_delivery(id=DOCUMENT)))
    assert receipt(row, PLACED) == receipt(row, PLACED)
    told = receipt(row, PLACED).record
    assert decode(told.key, told.value, told.headers).id == receipt_id(DOCUMENT)


def test_two_deliveries_have_two_receipts() -> None:
    rows = [as_claimed(*to_court("tj33063", a_delivery(id=new_id()))) for _ in range(2)]
    ids = {dict(receipt(row, PLACED).record.headers)["ce_id"] for row in rows}
    assert len(ids) == 2
