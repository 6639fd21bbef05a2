"""Samples of what courts reply, each with the fact that routing makes of it for the journal."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from infoparquet_contracts import facts, replies
from infoparquet_contracts.codes import DeclineReason, DismissalGround, MissingItem, Orientation

from . import story
from .story import (
    BORDEAUX,
    DELIVERY,
    DISCHARGE,
    DUMPING,
    DUMPING_DELIVERY,
    LIBOURNE,
    LIBOURNE_DELIVERY,
    QUARRY,
    QUARRY_DELIVERY,
    Sample,
    at,
)

_UNTIL_TAKEN = timedelta(milliseconds=412)


def _both(
    case: str,
    subject: UUID,
    sent: datetime,
    reply: replies.Reply,
    fact: type[facts.Replied],
    *,
    court: str = BORDEAUX,
) -> Iterator[Sample]:
    reply_id = story.an_id(sent, f"{reply.event_type} {case}")
    yield story.by_court(case, subject, reply_id, sent, reply, court=court)
    said: dict[str, Any] = {name: getattr(reply, name) for name in type(reply).model_fields if name != "procedure"}
    taken = sent + _UNTIL_TAKEN
    yield story.by_service("routing", case, subject, taken, fact(tribunal=court, reply=reply_id, **said))


def _of(procedure: UUID, delivery: UUID, moment: str) -> dict[str, Any]:
    return {"procedure": procedure, "delivery": delivery, "at": at(moment)}


def _discharge(moment: str) -> dict[str, Any]:
    return _of(DISCHARGE, DELIVERY, moment)


SAMPLES: tuple[Sample, ...] = (
    *_both(
        "taken-in",
        DISCHARGE,
        at("24T09:15:41.700"),
        replies.AcknowledgedReply(**_discharge("24T09:15:41")),
        facts.Acknowledged,
    ),
    *_both(
        "bureau-d-ordre",
        DISCHARGE,
        at("24T10:02:18.250"),
        replies.RegisteredReply(**_discharge("24T10:02:17"), parquet_number="26328000045"),
        facts.Registered,
    ),
    *_both(
        "two-items",
        DISCHARGE,
        at("25T14:47:00.030"),
        replies.SupplementRequestedReply(
            **_discharge("25T14:46:59"), missing=(MissingItem.EXPERT_REPORT, MissingItem.IDENTITY)
        ),
        facts.SupplementRequested,
    ),
    *_both(
        "after-supplement",
        DISCHARGE,
        at("26T11:30:08.441"),
        replies.RegisteredReply(**_discharge("26T11:30:08"), parquet_number="26328000045"),
        facts.Registered,
    ),
    *_both(
        "another-court-named",
        DUMPING,
        at("25T08:31:12.480"),
        replies.DeclinedReply(
            **_of(DUMPING, DUMPING_DELIVERY, "25T08:31:12"),
            reason=DeclineReason.OTHER_TERRITORY,
            competent=(LIBOURNE,),
        ),
        facts.Declined,
    ),
    *_both(
        "no-court-named",
        DUMPING,
        at("26T11:08:55.600"),
        replies.DeclinedReply(
            **_of(DUMPING, LIBOURNE_DELIVERY, "26T11:08:55"), reason=DeclineReason.OTHER_MATTER, competent=()
        ),
        facts.Declined,
        court=LIBOURNE,
    ),
    *_both(
        "section",
        DISCHARGE,
        at("27T09:30:02.115"),
        replies.AssignedReply(**_discharge("27T09:30:00"), section="ECO2"),
        facts.Assigned,
    ),
    *_both(
        "prosecution",
        DISCHARGE,
        at("30T16:12:44.906"),
        replies.DecidedReply(**_discharge("30T16:12:44.5"), orientation=Orientation.PROSECUTION),
        facts.Decided,
    ),
    *_both(
        "dismissal",
        QUARRY,
        at("30T17:20:31.300"),
        replies.DecidedReply(
            **_of(QUARRY, QUARRY_DELIVERY, "30T17:20:31"),
            orientation=Orientation.DISMISSAL,
            ground=DismissalGround.REGULARISED,
        ),
        facts.Decided,
        court=LIBOURNE,
    ),
    *_both(
        "after-judgment",
        DISCHARGE,
        at("30T18:00:00.020"),
        replies.ClosedReply(**_discharge("30T18:00:00")),
        facts.Closed,
    ),
)
