"""Builds what tests need in one line: procedures as facts, and records as a topic has them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from infoparquet_contracts.codes import Ground, Kind
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Submitted
from infoparquet_contracts.parts import FactsPeriod, Place
from infoparquet_contracts.payload import Payload

from chassis.clock import new_id

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def a_submission(
    *,
    commune: str | None = "33063",
    at: datetime = NOON,
    reference: str = "DREAL33-1",
    nataff: tuple[str, ...] = ("I51",),
) -> Submitted:
    """What an administration reports, without people."""
    return Submitted(
        administration="dreal-33",
        service=None,
        reference=reference,
        kind=Kind.ARTICLE_40,
        submitted_at=at,
        urgency=None,
        facts=FactsPeriod(from_=None, to=None),
        places=(Place(ground=Ground.FACTS, commune=commune),),
        natinf=(),
        nataff=nataff,
        documents=(),
    )


def an_event(
    data: Payload, *, subject: UUID | None = None, source: str = "/services/intake", **more: Any
) -> Event[Any]:
    """An event of a service, about a new procedure unless one is given."""
    values: dict[str, Any] = {"id": new_id(), "time": NOON, "traceparent": None} | more
    return Event(source=source, type=data.event_type, subject=subject or new_id(), data=data, **values)
