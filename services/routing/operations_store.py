"""What operators ask of routing's tables: what courts were told, what they declined, and who assigned what."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from infoparquet_contracts.envelope import Record
from infoparquet_contracts.replies import DeclinedReply
from infoparquet_contracts.topics import tribunal_topic
from sqlalchemy import Column, DateTime, ForeignKey, Select, Table, Text, Uuid, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import among
from chassis.outbox import Outgoing
from services.routing.reply_store import ReplyOutcome, replies
from services.routing.store import metadata, procedures
from services.routing.told_store import court_messages

assignments = Table(
    "assignments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("procedure_id", Uuid, ForeignKey("procedures.id"), nullable=False, index=True),
    Column("tribunal", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("assigned_at", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """An operator's decision; `reason` in words, `subject` who decided."""

    id: UUID
    procedure_id: UUID
    tribunal: str
    reason: str
    subject: str
    assigned_at: datetime


async def add_assignment(connection: AsyncConnection, assignment: Assignment) -> None:
    """Keep who decided, and why."""
    await connection.execute(insert(assignments).values(**asdict(assignment)))


async def told_since(connection: AsyncConnection, tribunal: str, since: datetime) -> list[Outgoing]:
    """All that a court was told since, to the letter, in order; the procedures are held, so that nothing overtakes."""
    told = court_messages.c
    chosen = (told.tribunal == tribunal, told.said_at >= since)
    locked = select(procedures.c.id).where(procedures.c.id.in_(select(told.procedure_id).where(*chosen)))
    await connection.execute(locked.order_by(procedures.c.id).with_for_update())
    found = await connection.execute(select(court_messages).where(*chosen).order_by(told.place))
    return [_again(row) for row in found]


async def history(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Of each procedure, who declined it and why, and who assigned it, in the order of time."""
    steps: dict[UUID, list[dict[str, Any]]] = {one: [] for one in ids}
    for row in await connection.execute(declined(ids)):
        data = DeclinedReply.model_validate(row.data, extra="ignore")
        said = {"reason": data.reason, "competent": data.competent, "text": row.words}
        steps[row.procedure_id].append({"step": "declined", "tribunal": row.tribunal, "at": row.received_at, **said})
    for row in await connection.execute(select(assignments).where(among(assignments.c.procedure_id, ids))):
        said = {"reason": row.reason, "by": row.subject}
        steps[row.procedure_id].append({"step": "assigned", "tribunal": row.tribunal, "at": row.assigned_at, **said})
    return {one: sorted(taken, key=lambda step: step["at"]) for one, taken in steps.items()}


def declined(ids: Collection[UUID]) -> Select[Any]:
    """The refusals of competence that were taken."""
    return select(replies).where(
        among(replies.c.procedure_id, ids),
        replies.c.type == DeclinedReply.event_type,
        replies.c.outcome == ReplyOutcome.TAKEN.value,
    )


def _again(row: Any) -> Outgoing:  # noqa: ANN401 - a row of the whole table
    headers = tuple((name, value.encode()) for name, value in row.headers)
    # No receipt: the journal has it since the first time.
    return Outgoing(
        tribunal_topic(row.tribunal).name, Record(str(row.procedure_id).encode(), row.value, headers), again=True
    )
