"""Facts of one procedure in a row, and the road that most procedures take."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from infoparquet_contracts.codes import Ground, Kind
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Submitted
from infoparquet_contracts.parts import Place, Urgency
from infoparquet_contracts.payload import Payload

from chassis.clock import new_id
from tests.builders import NOON
from tests.contracts import builders
from tests.contracts.builders import BORDEAUX, DELIVERY


def said(*facts: Payload, subject: UUID | None = None) -> list[Event[Payload]]:
    """These facts about one procedure, in order, as new events."""
    procedure = subject or new_id()
    return [
        replace(builders.an_event(data, minute), id=new_id(), subject=procedure) for minute, data in enumerate(facts)
    ]


def a_submission(
    reference: str = "DREAL33-2026-00042",
    *,
    administration: str = "dreal-33",
    at: datetime = NOON,
    urgency: Urgency | None = None,
    communes: Sequence[str] = ("33063",),
    natinf: Sequence[str] = ("22587",),
    nataff: Sequence[str] = ("I51",),
    kind: Kind = Kind.ARTICLE_40,
) -> Submitted:
    """What an administration reports."""
    changes = {
        "reference": reference,
        "administration": administration,
        "submitted_at": at,
        "places": tuple(Place(ground=Ground.FACTS, commune=commune) for commune in communes),
        "natinf": tuple(natinf),
        "nataff": tuple(nataff),
        "kind": kind,
    }
    return builders.submitted(urgency).model_copy(update=changes)


def until_delivery(
    submission: Submitted | None = None, *, tribunal: str = BORDEAUX, number: str = "2026-00000042-26"
) -> Sequence[Payload]:
    """Submitted, numbered, routed, delivered."""
    return (
        submission or a_submission(),
        builders.numbered(number),
        builders.routed(tribunal),
        builders.delivered(tribunal, DELIVERY),
    )
