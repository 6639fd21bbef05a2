"""An event as it is written while two versions overlap: a record in each, the newest first.

Whoever reads any of them reads one event of one id, and whoever knows the newer one passes the older one over.
"""

from dataclasses import replace
from uuid import uuid5

from .envelope import Event, encode
from .payload import Payload
from .record import Headers, Record
from .registry import MODELS
from .versions import SAME_AS, forms

# An extension of the older versions: the next newer type, which was said just before.
NEWER = "ce_newer"


def written(event: Event[Payload]) -> tuple[Record, ...]:
    """The event in each version in force; raises as `encode` does.

    The oldest has the event's id. A newer one has an id of its own, since one id never has two contents, and says the
    event's beside it.
    """
    said = forms(event.data, event.time)
    records = []
    for place, data in enumerate(said):
        one, extensions = event.id, []
        if place < len(said) - 1:
            one = uuid5(event.id, data.event_type)
            extensions.append((SAME_AS, str(event.id)))
        if place > 0:
            extensions.append((NEWER, said[place - 1].event_type))
        records.append(encode(replace(event, id=one, type=data.event_type, data=data), extensions))
    return tuple(records)


def superseded(headers: Headers) -> bool:
    """Whether a record says again what a record of a newer version known here has said. Never raises."""
    return any(name == NEWER and raw is not None and raw.decode(errors="replace") in MODELS for name, raw in headers)


def said_also(headers: Headers) -> str | None:
    """The `ce_id` of the record that says the same in the oldest version; None where none does. Never raises."""
    return next((raw.decode(errors="replace") for name, raw in headers if name == SAME_AS and raw is not None), None)
