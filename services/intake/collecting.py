"""Frees the space of what nobody waits for: documents that stopped coming or were never attached, and old drafts."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import structlog

from chassis.errors import CONNECTION_ERRORS, Unavailable
from chassis.service import Parts
from services.intake import documents_store, drafts_store
from services.intake.receiving import Receiver

log = structlog.get_logger()
SECONDS_BETWEEN = 30.0
A_ROUND = 100


@dataclass(frozen=True)
class Collector:
    """One a replica; each takes documents that no other has in hand."""

    parts: Parts
    receiver: Receiver

    async def run(self) -> None:
        """For ever."""
        # What a restored database does not know yet may be attached.
        await self.parts.whole()
        while True:
            try:
                await self.collect()
            except (Unavailable, *CONNECTION_ERRORS) as error:
                log.warning("collector.waits", error=type(error).__name__)
            await asyncio.sleep(SECONDS_BETWEEN)

    async def collect(self) -> int:
        """Whatever is over by now; how many documents. Raises Unavailable."""
        async with self.receiver.turns.begin() as transaction:
            await drafts_store.forget_expired(transaction.connection, transaction.now)
        collected = 0
        while given_up := await self._given_up():
            for one in given_up:
                await self.receiver.remove(one)
            collected += len(given_up)
        if collected:
            log.info("documents.collected", count=collected)
        return collected

    async def _given_up(self) -> list[UUID]:
        async with self.receiver.turns.begin() as transaction:
            return await documents_store.give_up_expired(transaction.connection, transaction.now, A_ROUND)
