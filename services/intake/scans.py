"""Has each whole document scanned: at once where the scanner answers, and again and again where it does not.

A procedure never waits for it. What is found is known before the bytes are handed to anybody.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid5

import structlog
from infoparquet_contracts.facts import DocumentInfected

from chassis.errors import CONNECTION_ERRORS, Unavailable
from chassis.outbox import to_journal
from chassis.service import Parts
from services.intake import scans_store
from services.intake.contents import Contents
from services.intake.documents_store import Document, Verdict
from services.intake.objects import ObjectMissing
from services.intake.scanning import Scanner, Unscannable

log = structlog.get_logger()
SECONDS_BETWEEN = 1.0
AT_ONCE = 4
# Whoever claimed one and was killed leaves it to others after this.
LEASE = timedelta(minutes=15)
RETRY = timedelta(seconds=30)


@dataclass(frozen=True)
class Scans:
    """One a replica; each scans documents that no other has in hand."""

    parts: Parts
    contents: Contents
    scanner: Scanner

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                scanned = await self.scan_due()
            except CONNECTION_ERRORS as error:
                log.warning("scans.wait", error=type(error).__name__)
                scanned = 0
            if not scanned:
                await asyncio.sleep(SECONDS_BETWEEN)

    async def scan_due(self) -> int:
        """Those whose turn it is, a few at once; how many."""
        async with self.contents.turns.begin() as transaction:
            until = transaction.now + LEASE
            claimed = await scans_store.claim(transaction.connection, transaction.now, until, AT_ONCE)
        self.parts.crash.reach("worker.claimed")
        await asyncio.gather(*(self._scan(one) for one in claimed))
        return len(claimed)

    async def _scan(self, one: Document) -> None:
        try:
            parts = await self.contents.located(one)
            found = await self.scanner.scan(self.contents.read(parts, range(one.bytes)))
        except (Unavailable, ObjectMissing) as error:
            log.warning("document.not-scanned", document=str(one.id), error=type(error).__name__)
            await self._again_later(one)
        except Unscannable as error:
            log.warning("document.unscannable", document=str(one.id), reason=error.reason)
            await self._judge(one, Verdict.UNSCANNABLE, None)
        else:
            await self._judge(one, Verdict.INFECTED if found.infected else Verdict.CLEAN, found.signature)

    async def _again_later(self, one: Document) -> None:
        async with self.contents.turns.begin() as transaction:
            await scans_store.again(transaction.connection, one.id, transaction.now + RETRY)

    async def _judge(self, one: Document, verdict: Verdict, signature: str | None) -> None:
        self.parts.crash.reach("worker.done")
        async with self.contents.turns.begin() as transaction:
            # First, so that the fact stands after the one that carries the document.
            await scans_store.hold_procedure(transaction.connection, one.id)
            judged = await scans_store.judge(transaction.connection, one.id, verdict, signature, transaction.now)
            if judged is not None and verdict is Verdict.INFECTED and judged.procedure_id is not None:
                fact = DocumentInfected(document=judged.id, supplement=judged.supplement_id)
                event = transaction.event(judged.procedure_id, fact)
                # Of one document once, also where a restored database has it scanned again.
                transaction.say(to_journal(replace(event, id=uuid5(judged.id, "infected"))))
        self.parts.crash.reach("worker.recorded")
        log.info("document.scanned", document=str(one.id), verdict=verdict)
