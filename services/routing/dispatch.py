"""Puts steps of a procedure into effect: what is kept of them, and what the journal and the courts are told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from infoparquet_contracts.envelope import Event, id_of
from infoparquet_contracts.facts import Routed, Submitted

from chassis.outbox import Outgoing, to_journal
from chassis.transaction import Transaction
from services.routing import store, told_store
from services.routing.decision import Deciding
from services.routing.delivery import Dossiers, delivery_of, notice_of, to_court
from services.routing.progress import Deliver, Inform, Message, Outcome, Procedure, Speaker, ToCourt
from services.routing.store import Handover
from services.routing.told_store import Told


@dataclass(frozen=True)
class Dispatch:
    """The rules that decide, and where courts read the dossiers."""

    current: Callable[[], Deciding]
    dossiers: Dossiers

    @property
    def deciding(self) -> Deciding:
        """By the reference data in use now."""
        return self.current()

    def speaker(self, transaction: Transaction, procedure: UUID, traceparent: str | None) -> Speaker:
        """How routing speaks of a procedure, in the trace of what made it speak."""
        fact = partial(transaction.event, procedure, traceparent=traceparent)
        return Speaker(self.deciding.decide, fact, transaction.new_id)


@dataclass
class Steps:
    """The steps taken in one transaction; `procedures` are those that are locked, as the steps leave them."""

    dispatch: Dispatch
    transaction: Transaction
    procedures: dict[UUID, Procedure]
    _changed: set[UUID] = field(default_factory=set)
    _said: list[Outgoing] = field(default_factory=list)
    _told: list[Told] = field(default_factory=list)
    _handed: list[Handover] = field(default_factory=list)

    def speaker(self, procedure: UUID, traceparent: str | None) -> Speaker:
        """See Dispatch."""
        return self.dispatch.speaker(self.transaction, procedure, traceparent)

    def take(self, outcome: Outcome, traceparent: str | None) -> None:
        """One step: where it leaves the procedure, and what is to be said of it."""
        procedure, messages = outcome
        if self.procedures.get(procedure.id) != procedure:
            self._changed.add(procedure.id)
        self.procedures[procedure.id] = procedure
        for message in messages:
            self._say(procedure, message, traceparent)

    def say(self, outgoing: Iterable[Outgoing]) -> None:
        """Something else, in its place among the steps."""
        self._said.extend(outgoing)

    async def finish(self) -> list[Outgoing]:
        """Keep all of it; what is to be published, in order: but what a court was told before."""
        connection, now = self.transaction.connection, self.transaction.now
        await store.save(connection, [self.procedures[one] for one in sorted(self._changed)], now)
        await store.hand_over(connection, self._handed, now)
        new = await told_store.keep(connection, self._told)
        repeated = {id_of(one.record.headers, None) for one in self._told} - {str(one) for one in new}
        return (
            [one for one in self._said if id_of(one.record.headers, None) not in repeated] if repeated else self._said
        )

    def _say(self, procedure: Procedure, message: Message, traceparent: str | None) -> None:
        match message:
            case Event():
                self._said.extend(to_journal(message, urgent=procedure.urgent))
            case Deliver(tribunal, delivery):
                data = delivery_of(*_known(procedure), self.dispatch.dossiers)
                self._handed.append(Handover(delivery, procedure.id, tribunal))
                self._tell(tribunal, self._event(procedure.id, delivery, data, traceparent), receipted=True)
            case Inform(addressed, one):
                notice = notice_of(*_known(procedure), addressed)
                self._tell(addressed.tribunal, self._event(procedure.id, one, notice, traceparent), receipted=False)
            case ToCourt(tribunal, one, data):
                self._tell(tribunal, self._event(procedure.id, one, data, traceparent), receipted=False)

    def _event(self, subject: UUID, one: UUID, data: Any, traceparent: str | None) -> Event[Any]:  # noqa: ANN401
        transaction = self.transaction
        return Event(one, transaction.source, data.event_type, subject, transaction.now, data, traceparent)

    def _tell(self, tribunal: str, event: Event[Any], *, receipted: bool) -> None:
        urgent = self.procedures[event.subject].urgent
        for outgoing in to_court(tribunal, event, receipted=receipted, urgent=urgent):
            self._told.append(Told(tribunal, event.subject, self.transaction.now, outgoing.record))
            self._said.append(outgoing)


def _known(procedure: Procedure) -> tuple[UUID, Submitted, Routed, str]:
    assert procedure.decision is not None  # noqa: S101 - what is delivered was decided
    number = procedure.standing.number
    assert number is not None  # noqa: S101 - and numbered
    return procedure.id, procedure.submitted, procedure.decision, number
