"""The procedures that the samples tell of, from a DREAL to its courts: fixed ids and times, and no person."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID, uuid5

from infoparquet_contracts.codes import Formation, Ground, Kind, UrgencyReason
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.identifiers import receipt_id
from infoparquet_contracts.parts import Candidate, Document, FactsPeriod, Place, Urgency
from infoparquet_contracts.payload import Payload

DREAL = "dreal-33"
BORDEAUX, LIBOURNE, BAYONNE = "tj33063", "tj33243", "tj64102"
RULES = "2026-11-24"


@dataclass(frozen=True, slots=True)
class Sample:
    """An event as it is published, named for the case it shows."""

    case: str
    event: Event[Payload]


def at(moment: str) -> datetime:
    """`23T09:12:04.250` of the month of the story."""
    return datetime.fromisoformat(f"2026-11-{moment}").replace(tzinfo=UTC)


def an_id(time: datetime, of: str) -> UUID:
    """A UUIDv7 of that moment; where others have random bits it has what it is the id of."""
    milliseconds = int(time.timestamp() * 1000)
    rest = int.from_bytes(hashlib.sha256(of.encode()).digest()[:10])
    return UUID(int=milliseconds << 80 | 7 << 76 | (rest >> 68) << 64 | 2 << 62 | rest & (1 << 62) - 1)


# Bordeaux prosecutes the first and declines the second, urgent, for Libourne, which declines it too; the third took
# place at sea; Libourne dismisses the fourth, withdrawn after its delivery; the last is for a specialised formation.
DISCHARGE = an_id(at("24T09:12:04.250"), "discharge")
DUMPING = an_id(at("24T10:40:31.007"), "dumping")
AT_SEA = an_id(at("24T14:05:00.118"), "at sea")
QUARRY = an_id(at("25T13:44:10.512"), "quarry")
LANDFILL = an_id(at("25T15:20:44.630"), "landfill")
DISCHARGE_NUMBER, DUMPING_NUMBER, QUARRY_NUMBER = "2026-00000042-26", "2026-00000043-23", "2026-00000051-96"

DELIVERY = an_id(at("24T09:12:04.391"), "delivery")
DUMPING_DELIVERY = an_id(at("24T10:40:31.140"), "delivery")
LIBOURNE_DELIVERY = an_id(at("25T08:31:12.902"), "delivery")
QUARRY_DELIVERY = an_id(at("25T13:44:10.688"), "delivery")
RECEIPT = receipt_id(DELIVERY)

SUBSCRIPTION = an_id(at("02T08:00:00.000"), "subscription")

PERIOD = FactsPeriod(from_=date(2026, 3, 1), to=date(2026, 5, 31))
LIMITATION = Urgency(reason=UrgencyReason.LIMITATION, until=date(2026, 12, 20))
EVIDENCE = Urgency(reason=UrgencyReason.EVIDENCE, until=None)
QUAY = Place(ground=Ground.FACTS, commune="33063")
RESIDENCE = Place(ground=Ground.RESIDENCE, commune="64102")
LIBOURNE_TOWN = Place(ground=Ground.FACTS, commune="33243")
OPEN_SEA = Place(ground=Ground.FACTS, commune=None)
ENVIRONMENT = Candidate(tribunal=BORDEAUX, formation=Formation.ENVIRONMENT, rule="cpp-706-2-3-environment")
OF_ENVIRONMENT = "CPP art. 706-2-3 et D47-5-1; COJ art. L211-20"
OFFENCES, MATTERS = ("21919", "13172"), ("J5",)
KIND = Kind.ARTICLE_40

RECORD = Document(
    id=an_id(at("24T09:10:41.003"), "record"),
    media_type="application/pdf",
    bytes=482_113,
    sha256=hashlib.sha256(b"record").hexdigest(),
)
PHOTOGRAPH = Document(
    id=an_id(at("24T09:10:55.640"), "photograph"),
    media_type="image/jpeg",
    bytes=2_310_544,
    sha256=hashlib.sha256(b"photograph").hexdigest(),
)
ANALYSIS = Document(
    id=an_id(at("26T08:58:12.300"), "analysis"),
    media_type="application/pdf",
    bytes=97_820,
    sha256=hashlib.sha256(b"analysis").hexdigest(),
)


def by_service(
    name: str, case: str, subject: UUID, time: datetime, data: Payload, *, event_id: UUID | None = None
) -> Sample:
    """What a service says, within the trace that its procedure's submission began."""
    event_id = event_id or an_id(time, f"{data.event_type} {case}")
    traceparent = f"00-{uuid5(subject, 'trace').hex}-{event_id.hex[16:]}-01"
    source = f"/services/{name}"
    return Sample(case, Event(event_id, source, data.event_type, subject, time, data, traceparent))


def by_court(case: str, subject: UUID, event_id: UUID, time: datetime, data: Payload, *, court: str) -> Sample:
    """What a court's own system writes: it traces nothing."""
    return Sample(case, Event(event_id, f"/tribunals/{court}", data.event_type, subject, time, data))
