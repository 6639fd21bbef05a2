"""What a database that was restored from a backup makes of the records that its service wrote and it may not know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from aiokafka import ConsumerRecord, TopicPartition
from infoparquet_contracts.envelope import Event, Undecodable, decode, id_of
from infoparquet_contracts.overlap import superseded
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import set_aside
from chassis.header_names import is_text
from chassis.outbox import append, outbox, read_headers
from chassis.positions import positions
from chassis.recalled import remember
from chassis.said_facts import is_said_by, said_facts
from chassis.set_aside import Reached
from chassis.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Found:
    """A record as it was read back; no event where none can be read of it, or a newer version says the same."""

    record: ConsumerRecord
    event: Event[Any] | None


class Recollection(Protocol):
    """What a service makes of its topics as they are read back, once through: the journal, then the others.

    Before them comes what others said and it had set aside: of that nothing may have had an effect.
    """

    async def take_up(self, transaction: Transaction, found: Sequence[Found]) -> None:
        """A page of all that stands there, of others too, each partition in order; it may know some already."""

    async def go_on(self, transaction: Transaction) -> bool:
        """Once all was read: a part of what is due by now and was never said; False when nothing is left."""


class Nothing:
    """Of a service that says nothing about procedures, or whose facts bring back nothing that it keeps."""

    async def take_up(self, transaction: Transaction, found: Sequence[Found]) -> None:
        """There is nothing to take up."""

    async def go_on(self, transaction: Transaction) -> bool:  # noqa: ARG002 - nothing is due
        """At once."""
        return False


@dataclass(frozen=True, slots=True)
class Memory:
    """How much the database knows: the rows that wait by their event's id, and until when it heard or said anything."""

    positions: Mapping[TopicPartition, int]
    waiting: Mapping[str | None, int]
    waiting_since: datetime | None
    since: datetime | None


class Recollecting:
    """One reading."""

    def __init__(self, memory: Memory, recollection: Recollection) -> None:
        self.memory = memory
        self._recollection = recollection
        self._reached = Reached()

    @classmethod
    async def begin(cls, transaction: Transaction, recollection: Recollection) -> "Recollecting":
        """See what the database remembers."""
        connection = transaction.connection
        # What a batch held is no longer certain: what stands on a topic is.
        await connection.execute(update(outbox).values(batch=None).where(outbox.c.batch.is_not(None)))
        return cls(await _memory(connection), recollection)

    async def take_up_set_aside(self, transaction: Transaction) -> bool:
        """The next of what waits before the place that the database has read to; False when nothing is left.

        What was said since may be about these: an operator had let them have their effects.
        """
        page, self._reached = await set_aside.page(transaction.connection, self._reached)
        # What it said itself it knows: that was committed before it could be read.
        others = [record for record in page if not is_said_by(transaction.source, record)]
        await self._recollection.take_up(transaction, [Found(record, _event(record)) for record in others])
        return bool(page)

    async def take_up(self, transaction: Transaction, page: Sequence[ConsumerRecord]) -> None:
        """The next records of a topic that this service writes."""
        ours = [record for record in page if is_said_by(transaction.source, record)]
        said = [one for record in ours if (one := id_of(record.headers, record.value))]
        waited = [self.memory.waiting[one] for one in said if one in self.memory.waiting]
        await transaction.connection.execute(delete(outbox).where(outbox.c.id.in_(waited)))
        await remember(transaction.connection, map(UUID, said))
        await self._recollection.take_up(transaction, [Found(record, _event(record)) for record in page])

    async def go_on(self, transaction: Transaction) -> bool:
        """See Recollection; what is said goes to the outbox, but what stands on a topic already."""
        more = await self._recollection.go_on(transaction)
        await append(transaction.connection, transaction.said)
        return more


async def _memory(connection: AsyncConnection) -> Memory:
    columns = positions.c.topic, positions.c.partition, positions.c.next_offset
    places = await connection.execute(select(*columns).where(positions.c.topic == JOURNAL.name))
    rows = (await connection.execute(select(outbox.c.id, outbox.c.headers, outbox.c.appended_at))).all()
    last = (await connection.execute(select(func.max(said_facts.c.said_at)))).scalar()
    first = min((row.appended_at for row in rows), default=None)
    return Memory(
        {TopicPartition(topic, partition): offset for topic, partition, offset in places},
        {id_of(read_headers(row.headers), None): row.id for row in rows},
        first,
        min((one for one in (first, last) if one is not None), default=None),
    )


def _event(record: ConsumerRecord) -> Event[Any] | None:
    if superseded(record.headers) or not all(is_text(name) for name, _ in record.headers):
        return None
    try:
        return decode(record.key, record.value, record.headers)
    except Undecodable:
        return None
