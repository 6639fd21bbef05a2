"""Samples of the journal: who was told what, and what a court should have acknowledged."""

from datetime import timedelta

from infoparquet_contracts import facts
from infoparquet_contracts.codes import Channel, NotificationFailure
from infoparquet_contracts.identifiers import receipt_id

from . import journal, story
from .story import AT_SEA, BORDEAUX, DISCHARGE, DUMPING, Sample, at, by_service

NOTIFIED = (
    by_service(
        "notify",
        "by-mail",
        DISCHARGE,
        at("24T09:12:06.020"),
        facts.Notified(
            about=story.RECEIPT,
            recipient=f"administration:{story.DREAL}",
            subscription=None,
            channel=Channel.MAIL,
            at=at("24T09:12:06.004"),
            tries=1,
        ),
    ),
    by_service(
        "notify",
        "by-webhook",
        DUMPING,
        at("24T10:41:03.911"),
        facts.Notified(
            about=receipt_id(story.DUMPING_DELIVERY),
            recipient=f"administration:{story.DREAL}",
            subscription=story.SUBSCRIPTION,
            channel=Channel.WEBHOOK,
            at=at("24T10:41:03.898"),
            tries=3,
        ),
    ),
)
NOTIFICATION_FAILED = (
    by_service(
        "notify",
        "unreachable-webhook",
        DISCHARGE,
        at("24T13:12:11.480"),
        facts.NotificationFailed(
            about=story.RECEIPT,
            recipient=f"administration:{story.DREAL}",
            subscription=story.SUBSCRIPTION,
            channel=Channel.WEBHOOK,
            at=at("24T13:12:11.466"),
            tries=9,
            failure=NotificationFailure.UNREACHABLE,
        ),
    ),
    by_service(
        "notify",
        "no-address",
        AT_SEA,
        at("24T14:05:02.330"),
        facts.NotificationFailed(
            about=journal.UNROUTABLE[0].event.id,
            recipient=f"administration:{story.DREAL}",
            subscription=None,
            channel=Channel.MAIL,
            at=at("24T14:05:02.318"),
            tries=1,
            failure=NotificationFailure.NO_ADDRESS,
        ),
    ),
)
_DUE = at("24T10:40:31.160") + timedelta(hours=4)
OVERDUE = (
    by_service(
        "notify",
        "urgent-not-acknowledged",
        DUMPING,
        _DUE + timedelta(milliseconds=740),
        facts.Overdue(tribunal=BORDEAUX, delivery=story.DUMPING_DELIVERY, due=_DUE),
    ),
)

SAMPLES: tuple[Sample, ...] = (*NOTIFIED, *NOTIFICATION_FAILED, *OVERDUE)
