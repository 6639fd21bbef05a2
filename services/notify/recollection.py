"""Mails that the journal says were sent, or given up, and a restored database lacks: they are not sent again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import NotificationFailed, Notified, Submitted

from chassis.recollecting import Found
from chassis.transaction import Transaction
from services.notify import store
from services.notify.letter import TOLD


class Mails:
    """One reading of the journal: what was told stands behind the fact that it tells."""

    def __init__(self, tries_allowed: int) -> None:
        self._tries_allowed = tries_allowed
        self._to_tell: dict[UUID, Event[Any]] = {}
        # By procedure, until something was told of it: one may wait for an operator, who may discard it.
        self._submitted: dict[UUID, Event[Submitted]] = {}

    async def take_up(self, transaction: Transaction, found: Sequence[Found]) -> None:
        """Know what became of each mail."""
        connection = transaction.connection
        events = [one.event for one in found if one.event is not None]
        self._to_tell |= {event.id: event for event in events if type(event.data) in TOLD}
        outcomes = [event.data for event in events if isinstance(event.data, Notified | NotificationFailed)]
        told = [event for one in outcomes if (event := self._to_tell.pop(one.about, None))]
        self._submitted |= {event.subject: event for event in events if isinstance(event.data, Submitted)}
        begun = {event.subject for event in told} & self._submitted.keys()
        if begun:
            await store.begin(connection, [self._submitted.pop(one) for one in begun])
        procedures = await store.lock(connection, {event.subject for event in told})
        followed = [(event, procedures[event.subject]) for event in told if event.subject in procedures]
        if followed:
            await store.add(connection, followed, self._tries_allowed, transaction.now)
        await store.settle(connection, outcomes)

    async def go_on(self, transaction: Transaction) -> bool:  # noqa: ARG002 - the rest is read anew
        """Nothing is due."""
        return False
