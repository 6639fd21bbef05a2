"""The published samples as the examples of the documents: one story told by the events and by the HTTP answers."""

from typing import TypeVar, cast

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.registry import FACTS
from infoparquet_contracts.samples import SAMPLES

P = TypeVar("P", bound=Payload)


def golden(model: type[P], case: str) -> Event[P]:
    """The event of a sample."""
    for one in SAMPLES:
        if one.event.type == model.event_type and one.case == case and isinstance(one.event.data, model):
            return cast("Event[P]", one.event)
    raise KeyError(case)


def journal_of(procedure: object) -> list[Event[Payload]]:
    """Every fact of a procedure, in the order of the journal."""
    events = [one.event for one in SAMPLES if type(one.event.data) in FACTS and one.event.subject == procedure]
    return sorted(events, key=lambda event: event.time)
