"""What notify does when facts arrive: it follows each procedure, and keeps what is to be told of it.

Nothing is sent here: the row is all, and a worker takes it from there.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from infoparquet_contracts import facts
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.status import State, fold

from chassis.followed import MOVING, mark_followed, save_states
from chassis.outbox import Outgoing
from chassis.sources import Handler
from chassis.transaction import Transaction
from services.notify import store
from services.notify.letter import TOLD


class Following:
    """The handler, with how often a delivery is tried."""

    def __init__(self, tries_allowed: int) -> None:
        self._tries_allowed = tries_allowed

    async def follow_procedures(self, transaction: Transaction, arrived: Sequence[Event[Any]]) -> list[Outgoing]:
        """Fold each fact once, for ever; one that took effect and concerns the author becomes a delivery."""
        connection = transaction.connection
        submitted = [event for event in arrived if isinstance(event.data, facts.Submitted)]
        if submitted:
            await store.begin(connection, submitted)
        procedures = await store.lock(connection, {event.subject for event in arrived})
        ours = {event.id: event for event in arrived if event.subject in procedures}
        if not ours:
            return []
        fresh = await mark_followed(connection, {one: event.subject for one, event in ours.items()})
        states = {one: procedure.state for one, procedure in procedures.items()}
        applied = _applied(states, [event for one, event in ours.items() if one in fresh])
        if applied:
            await save_states(connection, {event.subject: states[event.subject] for event in applied})
        told = [(event, procedures[event.subject]) for event in applied if type(event.data) in TOLD]
        if told:
            await store.add(connection, told, self._tries_allowed, transaction.now)
        return []


def _applied(states: dict[Any, State], arrived: Sequence[Event[Any]]) -> list[Event[Any]]:
    """The facts that took effect, in order; `states` are moved on."""
    applied = []
    for event in arrived:
        step = fold(states[event.subject], event)
        if step.applied and step.state is not None:
            states[event.subject] = step.state
            applied.append(event)
    return applied


def handlers(tries_allowed: int) -> Mapping[type[Payload], Handler]:
    """Which function reacts to which fact."""
    return dict.fromkeys((facts.Submitted, facts.DocumentInfected, *MOVING), Following(tries_allowed).follow_procedures)
