"""One database transaction of a service: what it changes, and what it says of it, together.

Handlers and API routes never commit: leaving `Transactions.begin` does, appends what was said to the outbox just
before, and rings for the relay just after.
"""

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis import outbox
from chassis.clock import Clock, NewId, new_id, utc_now
from chassis.doorbell import Doorbell
from chassis.outbox import Outgoing
from chassis.room import Room
from chassis.telemetry import current_traceparent

D = TypeVar("D", bound=Payload)


@dataclass
class Transaction:
    """An open transaction; `now` is one instant for all that happens in it."""

    connection: AsyncConnection
    source: str
    now: datetime
    new_id: NewId
    said: list[Outgoing] = field(default_factory=list)

    def event(self, subject: UUID, data: D, *, traceparent: str | None = None) -> Event[D]:
        """A new event of this service about the procedure `subject`, in the trace given or else the current one."""
        return Event(
            id=self.new_id(),
            source=self.source,
            type=data.event_type,
            subject=subject,
            time=self.now,
            data=data,
            traceparent=traceparent or current_traceparent(),
        )

    def answer(self, cause: Event[Any], data: D) -> Event[D]:
        """A new event about the same procedure, in the trace of the one that caused it."""
        return self.event(cause.subject, data, traceparent=cause.traceparent)

    def say(self, outgoing: Iterable[Outgoing]) -> None:
        """Publish if and when the transaction commits."""
        self.said.extend(outgoing)


class Transactions:
    """Opens a service's transactions."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        service: str,
        relay_bell: Doorbell,
        room: Room,
        clock: Clock = utc_now,
        ids: NewId = new_id,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self._source = f"/services/{service}"
        self._relay_bell = relay_bell
        self._room = room
        self._ids = ids

    def within(self, connection: AsyncConnection) -> Transaction:
        """One on a connection that is in a transaction already; whoever began that ends it, and says what was said."""
        return Transaction(connection, self._source, self.clock(), self._ids)

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """Commit on leaving, roll back on an exception."""
        async with self.engine.begin() as connection:
            transaction = self.within(connection)
            yield transaction
            await outbox.append(connection, transaction.said)
        if transaction.said:
            self._room.add(transaction.said)
            self._relay_bell.ring()

    @contextlib.asynccontextmanager
    async def admit(self) -> AsyncIterator[Transaction]:
        """The same for what somebody asks: raises OutboxFull where it says anything and nothing more may wait."""
        async with self.begin() as transaction:
            yield transaction
            if transaction.said:
                self._room.refuse_if_full()
