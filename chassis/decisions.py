"""What operators decided about dead letters: who, when, why, and what came of it. Reasons never leave this table."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, DateTime, Table, Text, Uuid, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import metadata
from chassis.identity import Caller
from chassis.transaction import Transaction

# `released`: a row of the outbox that the relay may try again.
Result = Literal["applied", "failed", "discarded", "released"]
CLOSING = ("applied", "discarded", "released")

decisions = Table(
    "dead_letter_decisions",
    metadata,
    Column("id", Uuid, primary_key=True),
    # A dead letter's id, or `outbox-` and the number of a row, which may be gone since.
    Column("letter", Text, nullable=False, index=True),
    Column("digest", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("outcome", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Decision:
    """One operator's, as it was carried out."""

    action: str
    organisation: str
    subject: str
    reason: str | None
    at: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator asks for, before it is carried out; a reason makes it a discard."""

    caller: Caller
    reason: str | None = None


async def keep(transaction: Transaction, letter: str, value: bytes | None, order: Order, result: Result) -> None:
    """Record a decision with what came of it; of the bytes it was about, their SHA-256."""
    row: dict[str, Any] = {
        "id": transaction.new_id(),
        "letter": letter,
        "digest": hashlib.sha256(value or b"").hexdigest(),
        "action": "replay" if order.reason is None else "discard",
        "organisation": order.caller.organisation,
        "subject": order.caller.subject,
        "reason": order.reason,
        "at": transaction.now,
        "outcome": result,
    }
    await transaction.connection.execute(insert(decisions).values(row))


async def about(connection: AsyncConnection, letter: str) -> list[Decision]:
    """What was decided about a letter, oldest first."""
    columns = [decisions.c[name] for name in ("action", "organisation", "subject", "reason", "at", "outcome")]
    kept = select(*columns).where(decisions.c.letter == letter).order_by(decisions.c.at, decisions.c.id)
    return [Decision(*row) for row in await connection.execute(kept)]


async def closing(connection: AsyncConnection, letter: str) -> Decision | None:
    """The decision that closed a letter, None where none did."""
    return next((one for one in reversed(await about(connection, letter)) if one.outcome in CLOSING), None)
