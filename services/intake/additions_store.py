"""What administrations added to their procedures: words, and the withdrawal with its comment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, ForeignKey, Index, Table, Text, Uuid, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.transaction import Transaction
from services.intake.additions import Standing, SupplementBody, WithdrawalBody
from services.intake.documents_store import Document
from services.intake.store import Procedure, metadata

supplements = Table(
    "supplements",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("procedure_id", Uuid, ForeignKey("procedures.id"), nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False),
    Column("text", Text),
    Index("supplements_procedure", "procedure_id", "id"),
)

withdrawals = Table(
    "withdrawals",
    metadata,
    # Once a procedure.
    Column("procedure_id", Uuid, ForeignKey("procedures.id"), primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
    Column("comment", Text),
)


@dataclass(frozen=True, slots=True)
class Added:
    """As a dossier shows it, supplements in the order they came."""

    supplements: list[dict[str, Any]]
    withdrawal: dict[str, Any] | None


async def standing_of(connection: AsyncConnection, procedure: Procedure) -> Standing:
    """Where a procedure that is locked stands."""
    withdrawn_at = select(withdrawals.c.requested_at).where(withdrawals.c.procedure_id == procedure.id)
    count = select(func.count()).select_from(supplements).where(supplements.c.procedure_id == procedure.id)
    at, added = (await connection.execute(select(withdrawn_at.scalar_subquery(), count.scalar_subquery()))).one()
    return Standing(procedure.state, at, added)


async def add_supplement(transaction: Transaction, procedure: UUID, supplement: UUID, body: SupplementBody) -> None:
    """Keep a supplement's words."""
    values = {"id": supplement, "procedure_id": procedure, "added_at": transaction.now, "text": body.text}
    await transaction.connection.execute(insert(supplements).values(values))


async def add_withdrawal(transaction: Transaction, procedure: UUID, withdrawal: UUID, body: WithdrawalBody) -> None:
    """Keep why and when a procedure was withdrawn."""
    values = {
        "procedure_id": procedure,
        "id": withdrawal,
        "requested_at": transaction.now,
        "reason": body.reason.value,
        "comment": body.comment,
    }
    await transaction.connection.execute(insert(withdrawals).values(values))


async def added_to(connection: AsyncConnection, procedure: UUID, attached: Sequence[Document]) -> Added:
    """All that was added to a procedure, which has these documents."""
    listed = select(supplements).where(supplements.c.procedure_id == procedure).order_by(supplements.c.id)
    rows = await connection.execute(listed)
    shown = [
        {"id": row.id, "time": row.added_at, "text": row.text, "documents": _of_supplement(row.id, attached)}
        for row in rows
    ]
    found = await connection.execute(select(withdrawals).where(withdrawals.c.procedure_id == procedure))
    one = found.one_or_none()
    withdrawal = None if one is None else {"time": one.requested_at, "reason": one.reason, "comment": one.comment}
    return Added(shown, withdrawal)


def _of_supplement(supplement: UUID, attached: Sequence[Document]) -> list[UUID]:
    return [one.id for one in attached if one.supplement_id == supplement]
