"""Every reply that could be read, once and for ever: what it said, what became of it, and its words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID, uuid5

from infoparquet_contracts.codes import ReplyRefusal
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
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import among
from chassis.recalled import recalled
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

    def refusal(self, code: ReplyRefusal) -> UUID:
        """The `ce_id` of its refusal; with the digest, since one id may be given to any number of contents."""
        return uuid5(self.id, f"{self.tribunal}/{code.value}/{self.digest.hex()}")

    @property
    def refusals(self) -> frozenset[UUID]:
        """The ids of all refusals that it could have."""
        return frozenset(map(self.refusal, ReplyRefusal))


@dataclass(frozen=True, slots=True)
class Words:
    """What a court wrote in words with a reply."""

    reply: UUID
    tribunal: str
    procedure: UUID
    fact: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Known:
    """Of a court's replies, the digests of those that came before, and the refusals that a restore brought back."""

    digests: dict[UUID, bytes]
    refusals: set[UUID]


async def known(connection: AsyncConnection, tribunal: str, arrived: Sequence[Kept]) -> Known:
    """What is known of replies of one court."""
    ids = [one.id for one in arrived]
    refusals = [refusal for one in arrived for refusal in one.refusals]
    before = select(replies.c.id, replies.c.digest).where(replies.c.tribunal == tribunal, among(replies.c.id, ids))
    refused = select(recalled.c.id, null()).where(among(recalled.c.id, refusals))
    rows = (await connection.execute(union_all(before, refused))).all()
    return Known(
        {row.id: row.digest for row in rows if row.digest is not None},
        {row.id for row in rows if row.digest is None},
    )


async def add(connection: AsyncConnection, outcomes: Sequence[tuple[Kept, ReplyOutcome]], at: datetime) -> None:
    """Keep new replies, in the order they came."""
    rows = [_row(one, outcome, at) for one, outcome in outcomes]
    if rows:
        await connection.execute(insert(replies), rows)


async def adopt(connection: AsyncConnection, taken: Sequence[tuple[Kept, datetime]]) -> None:
    """Keep replies that are facts since a restore forgot them; one that waited, waits no more."""
    rows = [_row(one, ReplyOutcome.TAKEN, at) for one, at in taken]
    if rows:
        settled = insert(replies).on_conflict_do_update(
            index_elements=["tribunal", "id"], set_={"outcome": ReplyOutcome.TAKEN.value}
        )
        await connection.execute(settled, rows)


async def refuse(connection: AsyncConnection, procedures: Collection[UUID], refusals: Collection[UUID]) -> None:
    """Those of the procedures' replies that waited, and were refused so."""
    for reply in await waiting(connection, procedures):
        if not reply.refusals.isdisjoint(refusals):
            await settle(connection, reply, ReplyOutcome.REFUSED)


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


def _row(one: Kept, outcome: ReplyOutcome, at: datetime) -> dict[str, Any]:
    return {
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


def _kept(row: Any) -> Kept:  # noqa: ANN401 - a row of the whole table
    data: Any = MODELS[row.type].model_validate(row.data, extra="ignore")
    return Kept(row.tribunal, row.id, row.procedure_id, data, row.digest, row.traceparent, row.words)
