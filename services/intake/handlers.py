"""What intake does when facts arrive: it follows each procedure, to know its number and who may read its dossier."""

from collections.abc import Mapping, Sequence
from typing import Any

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.status import fold

from chassis.followed import MOVING, mark_followed, save_states
from chassis.outbox import Outgoing
from chassis.sources import Handler
from chassis.transaction import Transaction
from services.intake import store


async def follow_procedures(transaction: Transaction, arrived: Sequence[Event[Any]]) -> list[Outgoing]:
    """Fold each fact once, for ever; a fact of a procedure that was never submitted here has no effect."""
    states = await store.lock_states(transaction.connection, {event.subject for event in arrived})
    ours = {event.id: event.subject for event in arrived if event.subject in states}
    if not ours:
        return []
    fresh = await mark_followed(transaction.connection, ours)
    changed = {}
    for event in arrived:
        if event.id in fresh:
            fresh.discard(event.id)
            step = fold(states[event.subject], event)
            if step.applied and step.state is not None:
                states[event.subject] = changed[event.subject] = step.state
    if changed:
        await save_states(transaction.connection, changed)
    return []


# Intake said `submitted` itself.
HANDLERS: Mapping[type[Payload], Handler] = dict.fromkeys(MOVING, follow_procedures)
