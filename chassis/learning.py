"""Applies the facts that were kept as unknown, once this release knows their types.

A fact is learnt late, after others of its procedure were applied; its effects have a unique key, so that one that was
said in an older version too, and applied then, changes nothing. One that was discarded in that version stays out.
"""

import asyncio
from collections.abc import Callable

import structlog
from infoparquet_contracts.overlap import said_also
from infoparquet_contracts.registry import MODELS

from chassis import unknown_facts
from chassis.application import Application
from chassis.dead_letters import discarded_ids
from chassis.errors import is_unavailable
from chassis.transaction import Transactions

log = structlog.get_logger()

# A replica of the release before may keep some while this one runs already.
LOOK_SECONDS = 5.0
MOST_AT_ONCE = 500


async def learn(application: Application, transactions: Transactions, applied: Callable[[], None]) -> int:
    """Apply those that are known now, in the journal's order and one transaction a page; how many there were.

    `applied` is called after facts were.
    """
    learnt = 0
    while True:
        async with transactions.begin() as transaction:
            records = await unknown_facts.take(transaction, MODELS, MOST_AT_ONCE)
            if not records:
                return learnt
            given_up = await discarded_ids(transaction.connection, {record.key for record in records})
            ours = [record for record in records if said_also(record.headers) not in given_up]
            await application.apply(transaction, ours, careful=True)
        log.info("consumer.learnt", service=application.service, facts=len(records))
        applied()
        learnt += len(records)
        if len(records) < MOST_AT_ONCE:
            return learnt


async def keep_learning(application: Application, transactions: Transactions, applied: Callable[[], None]) -> None:
    """Look again and again until cancelled."""
    while True:
        try:
            await learn(application, transactions, applied)
        except Exception as error:  # a task of its own: what is not caught here stops the service
            if not is_unavailable(error):
                log.error("consumer.not-learnt", service=application.service, exc_info=error)
        await asyncio.sleep(LOOK_SECONDS)
