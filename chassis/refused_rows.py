"""Outbox rows that the broker refused for good, as letters operators decide about: tried again, or deleted."""

from infoparquet_contracts.envelope import Record
from sqlalchemy import delete, func, select, update

from chassis import decisions, said_facts
from chassis.decisions import Order
from chassis.outbox import Outgoing, fact_id, outbox, read_headers
from chassis.replay import Closed, Done, Outcome, Unknown
from chassis.transaction import Transaction

PREFIX = "outbox-"


async def release(transaction: Transaction, row: int, order: Order) -> Outcome:
    """Let the relay try the row again, and those it holds after it, within a second."""
    again = update(outbox).where(outbox.c.id == row, outbox.c.refusal.is_not(None)).values(refusal=None)
    taken = (await transaction.connection.execute(again.returning(outbox.c.key, outbox.c.value))).one_or_none()
    if taken is None:
        return await _gone(transaction, row)
    await decisions.keep(transaction, f"{PREFIX}{row}", taken.value, order, "released")
    return Done(await _held(transaction, row, taken.key))


async def discard(transaction: Transaction, row: int, order: Order) -> Outcome:
    """Delete the row, of which its digest stays, and let go of those it holds."""
    gone = delete(outbox).where(outbox.c.id == row, outbox.c.refusal.is_not(None))
    taken = (await transaction.connection.execute(gone.returning(outbox))).one_or_none()
    if taken is None:
        return await _gone(transaction, row)
    record = Record(taken.key, taken.value, read_headers(taken.headers))
    said = fact_id(Outgoing(taken.topic, record, taken.receipted))
    if said is not None:
        await said_facts.unsay(transaction.connection, said, row)
    await decisions.keep(transaction, f"{PREFIX}{row}", taken.value, order, "discarded")
    return Done(await _held(transaction, row, taken.key))


async def _gone(transaction: Transaction, row: int) -> Outcome:
    by = await decisions.closing(transaction.connection, f"{PREFIX}{row}")
    return Closed(by) if by else Unknown()


async def _held(transaction: Transaction, row: int, key: bytes | None) -> int:
    behind = select(func.count()).where(outbox.c.key == key, outbox.c.id > row, outbox.c.refusal.is_(None))
    return int((await transaction.connection.execute(behind.where(outbox.c.batch.is_(None)))).scalar_one())
