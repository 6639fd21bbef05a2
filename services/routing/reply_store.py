"""Every reply that could be read, once and for ever: what it said, what became of it, and its words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.registry import MODELS
from infoparquet_contracts.replies import Reply
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import among
from services.routing.store import metadata


class ReplyOutcome(StrEnum):
    """What became of a reply."""

    TAKEN = "taken"
    REFUSED = "refused"
    WAITING = "waiting"


replies = Table(
    "replies",
    metadata,
    Column("tribunal", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("place", BigInteger, Identity(always=True), nullable=False),
    Column("procedure_id", Uuid, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("traceparent", Text),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("outcome", Text, nullable=False),
    # Given by HTTP only; never in an event.
    Column("words", Text),
    Index("replies_procedure", "procedure_id"),
    Index("replies_waiting", "procedure_id", "place", postgresql_where="outcome = 'waiting'"),
    Index("replies_words", "id", postgresql_where="words IS NOT NULL"),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply of a court."""

    tribunal: str
    id: UUID
    procedure: UUID
    data: Reply
    digest: bytes
    traceparent: str | None = None
    words: str | None = None

    @classmethod
    def of(cls, tribunal: str, event: Event[Any], digest: bytes) -> Self:
        """As its topic has it."""
        return cls(tribunal, event.id, event.subject, event.data, digest, event.traceparent)


@dataclass(frozen=True, slots=True)
class Words:
    """What a court wrote in words with a reply."""

    reply: UUID
    tribunal: str
    procedure: UUID
    fact: str
    at: datetime
    text: str


async def digests(connection: AsyncConnection, tribunal: str, ids: Collection[UUID]) -> dict[UUID, bytes]:
    """The digests of those of a court's replies that came before."""
    columns = replies.c.id, replies.c.digest
    found = await connection.execute(select(*columns).where(replies.c.tribunal == tribunal, among(replies.c.id, ids)))
    return {row.id: row.digest for row in found}


async def add(connection: AsyncConnection, outcomes: Sequence[tuple[Kept, ReplyOutcome]], at: datetime) -> None:
    """Keep new replies, in the order they came."""
    rows = [
        {
            "tribunal": one.tribunal,
            "id": one.id,
            "procedure_id": one.procedure,
            "digest": one.digest,
            "type": one.data.event_type,
            "data": one.data.model_dump(mode="json"),
            "traceparent": one.traceparent,
            "received_at": at,
            "outcome": outcome.value,
            "words": one.words,
        }
        for one, outcome in outcomes
    ]
    if rows:
        await connection.execute(insert(replies), rows)


async def waiting(connection: AsyncConnection, procedures: Collection[UUID]) -> list[Kept]:
    """The replies that wait, in the order they came."""
    condition = replies.c.outcome == ReplyOutcome.WAITING.value
    found = select(replies).where(condition, among(replies.c.procedure_id, procedures)).order_by(replies.c.place)
    return [_kept(row) for row in await connection.execute(found)]


async def settle(connection: AsyncConnection, reply: Kept, outcome: ReplyOutcome) -> None:
    """What became of a reply that waited."""
    which = (replies.c.tribunal == reply.tribunal, replies.c.id == reply.id)
    await connection.execute(update(replies).where(*which).values(outcome=outcome.value))


async def words(connection: AsyncConnection, reply: UUID) -> Words | None:
    """A reply's words, None where it has none."""
    found = await connection.execute(select(replies).where(replies.c.id == reply, replies.c.words.is_not(None)))
    row = found.first()
    if row is None:
        return None
    data = _kept(row).data
    return Words(row.id, row.tribunal, row.procedure_id, data.fact, data.at, row.words)


def _kept(row: Any) -> Kept:  # noqa: ANN401 - a row of the whole table
    data: Any = MODELS[row.type].model_validate(row.data, extra="ignore")
    return Kept(row.tribunal, row.id, row.procedure_id, data, row.digest, row.traceparent, row.words)
