"""The deliveries that are due: who takes one has it alone for a while, and records what came of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from infoparquet_contracts.codes import Channel
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.registry import MODELS
from infoparquet_contracts.versions import recall
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.store import FAILED, SENDING, SENT, WAITING, deliveries, procedures
from services.notify.tries import Again, Done, Failed, Sequel


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery in hand, at its try number `tries`."""

    id: UUID
    event_id: UUID
    event_time: datetime
    data: Payload
    traceparent: str | None
    procedure: UUID
    reference: str
    number: str | None
    recipient: str
    channel: Channel
    created_at: datetime
    tries: int
    tries_allowed: int


# A row whose holder died is due again when its lease is over: that is why both states are looked for. What a newer
# release wants told, in a type that is not known here, is left to it.
CLAIM = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM deliveries
        WHERE state IN ('waiting', 'sending') AND next_try_at <= :now AND event_type = ANY(CAST(:known AS text[]))
        ORDER BY urgent DESC, next_try_at LIMIT :most FOR UPDATE SKIP LOCKED),
    claimed AS (
        UPDATE deliveries AS d SET state = 'sending', tries = d.tries + 1, next_try_at = :until
        FROM due WHERE d.id = due.id RETURNING d.*)
    SELECT c.*, p.reference, p.number FROM claimed AS c JOIN procedures AS p ON p.id = c.procedure_id
    ORDER BY c.urgent DESC, c.created_at
""")

# Urgent ones and others apart: of each the index knows the first, while the least of both would be looked for in all
# that waits, after each mail.
_FIRST = """
    (SELECT min(next_try_at) FROM deliveries
     WHERE state IN ('waiting', 'sending') AND urgent = {urgent} AND event_type = ANY(CAST(:known AS text[])))
"""
NEXT_DUE = text(f"SELECT least({_FIRST.format(urgent='true')}, {_FIRST.format(urgent='false')})")


async def claim(connection: AsyncConnection, now: datetime, lease: timedelta, most: int) -> list[Delivery]:
    """Take what is due, urgent procedures first: nobody else has it until the lease is over."""
    found = await connection.execute(CLAIM, {"now": now, "until": now + lease, "most": most, "known": list(MODELS)})
    return [_delivery(row) for row in found]


async def next_due(connection: AsyncConnection) -> datetime | None:
    """When there is something to do next, None where nothing waits."""
    first: datetime | None = (await connection.execute(NEXT_DUE, {"known": list(MODELS)})).scalar()
    return first


async def record(connection: AsyncConnection, one: Delivery, sequel: Sequel, now: datetime) -> bool:
    """Keep what came of a try; whether it is to be said in the journal now.

    What was sent is sent, whoever holds the row by now. A failure counts only for the try that is in hand.
    """
    # The outbox keeps a procedure's facts in order by the lock on its row.
    await connection.execute(select(procedures.c.id).where(procedures.c.id == one.procedure).with_for_update())
    held = select(deliveries.c.state, deliveries.c.tries, deliveries.c.failed_at).where(deliveries.c.id == one.id)
    row = (await connection.execute(held.with_for_update())).one()
    in_hand = row.state == SENDING and row.tries == one.tries
    if row.state == SENT or not (in_hand or isinstance(sequel, Done)):
        return False
    await connection.execute(update(deliveries).where(deliveries.c.id == one.id).values(_change(sequel, now)))
    match sequel:
        case Done():
            return True
        case Again():
            return False
        case Failed():
            return row.failed_at is None


def _change(sequel: Sequel, now: datetime) -> dict[str, Any]:
    match sequel:
        case Done():
            return {"state": SENT, "sent_at": now, "failure": None}
        case Again(at, failure):
            return {"state": WAITING, "next_try_at": at, "failure": failure.value}
        case Failed(failure):
            first = func.coalesce(deliveries.c.failed_at, now)
            return {"state": FAILED, "failure": failure.value, "failed_at": first}


def _delivery(row: Any) -> Delivery:  # noqa: ANN401 - a row of the claim
    data = recall({row.event_type: row.event_data})
    assert data is not None  # noqa: S101 - only known types are claimed
    return Delivery(
        row.id,
        row.event_id,
        row.event_time,
        data,
        row.traceparent,
        row.procedure_id,
        row.reference,
        row.number,
        row.recipient,
        Channel(row.channel),
        row.created_at,
        row.tries,
        row.tries_allowed,
    )
