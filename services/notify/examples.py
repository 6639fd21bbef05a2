"""Examples of notify's answers: the published samples of what was sent by mail and of what could not be."""

from typing import Any, Final

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Delivered, NotificationFailed, Notified, Unroutable
from infoparquet_contracts.payload import Payload

from chassis.golden import golden
from services.notify.store import FAILED, SENT, WAITING, delivery_id


def _shown(told: Event[Notified] | Event[NotificationFailed], about: Event[Payload]) -> dict[str, Any]:
    data = told.data
    return {
        "id": delivery_id(about.id, data.recipient, data.channel),
        "procedure": told.subject,
        "event": about.id,
        "fact": about.data.fact,
        "channel": data.channel,
        "recipient": data.recipient,
        "state": SENT if isinstance(data, Notified) else FAILED,
        "tries": data.tries,
        "next_try_at": None,
        "failure": None if isinstance(data, Notified) else data.failure,
        "created_at": about.time,
        "failed_at": None if isinstance(data, Notified) else data.at,
        "sent_at": data.at if isinstance(data, Notified) else None,
    }


SENT_MAIL: Final = _shown(golden(Notified, "by-mail"), golden(Delivered, "receipt"))
FAILED_MAIL: Final = _shown(golden(NotificationFailed, "no-address"), golden(Unroutable, "place-without-commune"))
TRIED_AGAIN: Final = FAILED_MAIL | {"state": WAITING, "next_try_at": FAILED_MAIL["failed_at"]}
