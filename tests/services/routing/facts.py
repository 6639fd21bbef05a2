"""What routing reads, in one line each."""

from typing import Any
from uuid import UUID

from infoparquet_contracts.codes import DeclineReason, MissingItem, Orientation
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Delivered, Numbered
from infoparquet_contracts.registry import REPLIES

from tests.builders import NOON, a_submission, an_event
from tests.services.in_process import InProcess

NUMBER = "2026-00000042-26"
REPLY_MODELS = {model.fact: model for model in REPLIES}
USUAL: dict[str, dict[str, Any]] = {
    "registered": {"parquet_number": "26327000045"},
    "supplement-requested": {"missing": (MissingItem.PHOTOGRAPHS,)},
    "declined": {"reason": DeclineReason.OTHER_TERRITORY},
    "assigned": {"section": "ECO2"},
    "decided": {"orientation": Orientation.INVESTIGATION},
}


def submitted(**changes: Any) -> Event[Any]:
    """A procedure as intake submits it; `changes` are those of `a_submission`."""
    return an_event(a_submission(**changes))


def numbered(procedure: Event[Any] | UUID, number: str = NUMBER) -> Event[Any]:
    """Its number."""
    subject = procedure if isinstance(procedure, UUID) else procedure.subject
    return an_event(Numbered(number=number, authority="local"), subject=subject, source="/services/numbering")


def delivered(delivery: Event[Any], *, offset: int = 7) -> Event[Any]:
    """The receipt of a delivery, as the relay says it."""
    court = delivery.data.decision.tribunal
    topic = f"infoparquet.tribunal.{court}.v1"
    data = Delivered(tribunal=court, delivery=delivery.id, topic=topic, partition=0, offset=offset, at=NOON)
    return an_event(data, subject=delivery.subject, source="/services/routing")


def a_reply(delivery: Event[Any], fact: str = "acknowledged", /, **more: Any) -> Event[Any]:
    """A court's answer to a delivery; `more` are fields of the reply, or of its envelope (id, subject, source)."""
    envelope = {name: more.pop(name) for name in ("id", "subject", "source") if name in more}
    subject = envelope.pop("subject", delivery.subject)
    data = REPLY_MODELS[fact](
        **{"procedure": subject, "delivery": delivery.id, "at": NOON} | USUAL.get(fact, {}) | more
    )
    return an_event(data, subject=subject, **{"source": "/tribunals/tj33063"} | envelope)


async def handed_over(routing: InProcess, *, received: bool = True, **changes: Any) -> Event[Any]:
    """A procedure that routing has handed to its court; returns the delivery, whose receipt came back or not."""
    fact = submitted(**changes)
    routed, delivery = await routing.read(fact, numbered(fact))
    await routing.read(routed, *([delivered(delivery)] if received else []))
    return delivery
