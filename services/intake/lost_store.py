"""Procedures that the journal has and a restored database lacks, and the dossiers that are to be sent again.

A procedure's id carries the mark of the key that it was posted under: whoever sends the same again under the same key
gives the dossier back, and makes nothing new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Submitted, Supplemented, Withdrawn
from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.idempotency import mark_of
from chassis.transaction import Transaction
from services.intake.additions import SupplementBody, WithdrawalBody
from services.intake.additions_store import supplements, withdrawals
from services.intake.store import lost_dossiers, procedures

MOST_SHOWN = 1000

_ADOPT = text("""
    WITH adopted AS (
        INSERT INTO procedures (id, administration, reference, submitted_at)
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:administrations AS text[]), CAST(:references AS text[]),
                             CAST(:times AS timestamptz[]))
        ON CONFLICT (id) DO NOTHING RETURNING id)
    INSERT INTO lost_dossiers (procedure_id) SELECT id FROM adopted
""")


@dataclass(frozen=True, slots=True)
class Lost:
    """A procedure whose dossier is to be sent again."""

    id: UUID
    number: str | None
    administration: str
    reference: str
    submitted_at: datetime


async def adopt(connection: AsyncConnection, submitted: Sequence[Event[Submitted]]) -> None:
    """Know procedures again, without their dossiers; those that are known stay as they are."""
    values = {
        "ids": [event.subject for event in submitted],
        "administrations": [event.data.administration for event in submitted],
        "references": [event.data.reference for event in submitted],
        "times": [event.data.submitted_at for event in submitted],
    }
    await connection.execute(_ADOPT, values)


async def adopt_supplement(connection: AsyncConnection, event: Event[Supplemented]) -> None:
    """Know again that there was one, without its words."""
    one: dict[str, Any] = {"id": event.data.supplement, "procedure_id": event.subject, "added_at": event.time}
    await connection.execute(insert(supplements).values(one).on_conflict_do_nothing())


async def adopt_withdrawal(connection: AsyncConnection, event: Event[Withdrawn]) -> None:
    """Know again that there was one, without its comment."""
    one = {"procedure_id": event.subject, "id": event.id, "requested_at": event.time, "reason": event.data.reason.value}
    await connection.execute(insert(withdrawals).values(one).on_conflict_do_nothing())


async def known(connection: AsyncConnection, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the procedures that there are."""
    return set((await connection.execute(select(procedures.c.id).where(procedures.c.id.in_(ids)))).scalars())


async def is_lost(connection: AsyncConnection, procedure: UUID) -> bool:
    """Whether a dossier is to be sent again."""
    found = select(lost_dossiers).where(lost_dossiers.c.procedure_id == procedure)
    return (await connection.execute(found)).first() is not None


async def lost(connection: AsyncConnection, administration: str | None) -> list[Lost]:
    """The dossiers that are to be sent again, of one administration or of all, the oldest first."""
    columns = [procedures.c[name] for name in ("id", "number", "administration", "reference", "submitted_at")]
    found = select(*columns).join(lost_dossiers, lost_dossiers.c.procedure_id == procedures.c.id)
    if administration is not None:
        found = found.where(procedures.c.administration == administration)
    rows = await connection.execute(found.order_by(procedures.c.submitted_at, procedures.c.id).limit(MOST_SHOWN))
    return [Lost(*row) for row in rows]


async def give_back_supplement(
    transaction: Transaction, procedure: UUID, sent: UUID, body: SupplementBody
) -> UUID | None:
    """The supplement that was posted under the same key and lost its words has them again; None where there is none."""
    same = select(supplements.c.id).where(supplements.c.procedure_id == procedure, supplements.c.text.is_(None))
    found = (await transaction.connection.execute(same)).scalars()
    one = next((one for one in found if mark_of(one) == mark_of(sent)), None)
    if one is not None:
        words = update(supplements).where(supplements.c.id == one).values(text=body.text)
        await transaction.connection.execute(words)
    return one


async def give_back_withdrawal(
    transaction: Transaction, procedure: UUID, sent: UUID, body: WithdrawalBody
) -> UUID | None:
    """The same of a withdrawal and its comment."""
    same = select(withdrawals.c.id).where(withdrawals.c.procedure_id == procedure, withdrawals.c.comment.is_(None))
    one: UUID | None = (await transaction.connection.execute(same)).scalar()
    if one is None or mark_of(one) != mark_of(sent):
        return None
    comment = update(withdrawals).where(withdrawals.c.procedure_id == procedure).values(comment=body.comment)
    await transaction.connection.execute(comment)
    return one
