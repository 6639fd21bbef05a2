"""Figures that lag behind their procedures are counted again.

A replica of a release before knows no figures, and goes on for a while beside one that does.
"""

import asyncio
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import text

from chassis.errors import CONNECTION_ERRORS
from chassis.transaction import Transactions
from services.query import figures, store

log = structlog.get_logger()

# Seconds. A million procedures are compared in a few.
EVERY: Final = 3600.0
AFTER_AN_OUTAGE: Final = 60.0
SLICE: Final = 1000
_LAGGING: Final = """
    SELECT p.id FROM procedures AS p LEFT JOIN figures AS f ON f.id = p.id
    WHERE p.id > :after
      AND (f.id IS NULL
           OR (f.status, f.status_at, f.held, f.withdrawal_requested, f.numbered_after IS NULL) IS DISTINCT FROM
              (p.status, CAST(p.state -> 'times' ->> p.status AS timestamptz), p.held,
               CAST(p.state ->> 'withdrawal_requested' AS boolean), p.number IS NULL))
    ORDER BY p.id LIMIT :most
"""


async def mend(transactions: Transactions, most: int = SLICE) -> int:
    """Count again what lags behind, so many in a transaction; how many that were."""
    mended, after = 0, UUID(int=0)
    while True:
        async with transactions.begin() as transaction:
            asked = {"after": after, "most": most}
            found = list((await transaction.connection.execute(text(_LAGGING), asked)).scalars())
            # What a handler has in hand is written by it first.
            locked = await store.lock_states(transaction.connection, found)
            await figures.recount(transaction.connection, locked)
        mended += len(locked)
        if len(found) < most:
            return mended
        after = found[-1]


async def keep_mending(transactions: Transactions) -> None:
    """Until cancelled."""
    while True:
        try:
            if mended := await mend(transactions):
                log.info("figures.mended", procedures=mended)
            pause = EVERY
        except CONNECTION_ERRORS as error:
            log.warning("figures.not_mended", error=type(error).__name__)
            pause = AFTER_AN_OUTAGE
        await asyncio.sleep(pause)
