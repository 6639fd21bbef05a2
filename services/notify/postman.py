"""The worker that sends what is due: several mails at once, urgent procedures first, none waited for by anything else.

A row is claimed and committed before anything outside is asked, and recorded in one transaction with the fact that says
so. A process that dies in between leaves its row with a lease: when it is over, the mail is tried again, with the same
`Message-ID`.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

import structlog
from infoparquet_contracts.codes import NotificationFailure
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import NotificationFailed, Notified
from infoparquet_contracts.payload import Payload

from chassis.errors import is_unavailable
from chassis.outbox import to_journal
from chassis.service import Parts
from chassis.transaction import Transaction
from reference.names import Names
from services.notify import addresses, queue
from services.notify.contacts import LIMIT_SECONDS, Contact, IntakeService
from services.notify.letter import Subject, write
from services.notify.mail import Envelope, Stationery
from services.notify.queue import Delivery
from services.notify.smtp import Mailer
from services.notify.tries import Again, Done, Failed, Later, Outcome, Refused, Sequel, sequel

log = structlog.get_logger()

AT_ONCE: Final = 8
# For what a try does besides asking and sending.
MARGIN: Final = timedelta(seconds=20)
# A ring that was lost with its connection costs this long at most.
LONGEST_WAIT: Final = 15.0
# What is due and was not to be had is locked by another for that long at most.
SHORTEST_WAIT: Final = 0.05
AFTER_A_FAULT: Final = 2.0
# What is in hand at the end has this long to be answered.
GRACE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Office:
    """What mails are made with and sent by."""

    intake: IntakeService
    stationery: Stationery
    mailer: Mailer
    names: Callable[[], Names]
    public_url: str | None
    smtp_timeout: timedelta
    chance: Callable[[], float] = random.random

    @property
    def lease(self) -> timedelta:
        """Longer than the longest try."""
        return timedelta(seconds=LIMIT_SECONDS) + MARGIN + 2 * self.smtp_timeout


class Postman:
    """One a process; any number of processes on one table."""

    def __init__(self, parts: Parts, office: Office) -> None:
        self._parts = parts
        self._office = office
        self._in_hand: dict[UUID, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled; then what is in hand is recorded, or left to its lease."""
        await self._parts.whole()
        looking: asyncio.Task[float] | None = None
        with self._parts.facts_applied.listening() as rung:
            try:
                while True:
                    rung.clear()
                    # Not to be cut off: what it has claimed would wait until its lease is over.
                    looking = asyncio.create_task(self._look(rung))
                    pause = await asyncio.shield(looking)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await rung.wait()
            finally:
                if looking is not None:
                    await asyncio.wait([looking])
                await self._finish()

    async def _look(self, rung: asyncio.Event) -> float:
        """Take what is due; returns how many seconds there is nothing to do, if nobody rings."""
        free = AT_ONCE - len(self._in_hand)
        if not free:
            return LONGEST_WAIT
        try:
            async with self._parts.transactions.begin() as transaction:
                claimed = await queue.claim(transaction.connection, transaction.now, self._office.lease, free)
                due = await queue.next_due(transaction.connection)
        except Exception as error:
            if not is_unavailable(error):
                raise
            log.warning("postman.waits", error=type(error).__name__)
            return AFTER_A_FAULT
        for one in claimed:
            self._parts.crash.reach("worker.claimed")
            # One whose outcome the database was too long away to take is in hand still, and not to be sent again.
            if one.id not in self._in_hand:
                self._begin(one, rung)
        if due is None:
            return LONGEST_WAIT
        return min(LONGEST_WAIT, max(SHORTEST_WAIT, (due - self._parts.clock()).total_seconds()))

    def _begin(self, one: Delivery, rung: asyncio.Event) -> None:
        def end(_: asyncio.Task[None]) -> None:
            del self._in_hand[one.id]
            # The place that is free again may be another's.
            rung.set()

        task = self._in_hand[one.id] = asyncio.create_task(self._deliver(one))
        task.add_done_callback(end)

    async def _finish(self) -> None:
        tasks = list(self._in_hand.values())
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, one: Delivery) -> None:
        outcome = await self._try(one)
        self._parts.crash.reach("worker.done")
        what = sequel(outcome, one.tries, one.tries_allowed, self._parts.clock(), self._office.chance())
        await self._record(one, what)
        self._parts.crash.reach("worker.recorded")

    async def _try(self, one: Delivery) -> Outcome:
        if one.tries > one.tries_allowed:
            # Whoever had the last try died with it.
            return Refused(NotificationFailure.OUTCOME_UNKNOWN)
        try:
            return await self._send(one)
        except Exception as error:
            # One mail that cannot be made must not end the worker of the others.
            log.error("postman.fault", delivery=str(one.id), tries=one.tries, exc_info=error)
            return Later(NotificationFailure.MESSAGE_REFUSED)

    async def _send(self, one: Delivery) -> Outcome:
        office = self._office
        contact = await office.intake.contact(one.procedure)
        if not isinstance(contact, Contact):
            return contact
        if not contact.email:
            return Refused(NotificationFailure.NO_ADDRESS)
        recipient = addresses.parse(contact.email, contact.name)
        if recipient is None:
            return Refused(NotificationFailure.ADDRESS_REFUSED)
        about = Subject(one.procedure, one.reference, one.number)
        letter = write(one.data, one.event_time, about, office.names(), office.public_url)
        envelope = Envelope(one.id, recipient, one.created_at, one.data.fact, about)
        message = office.stationery.compose(letter, envelope)
        return await office.mailer.send(office.stationery.sender.addr_spec, recipient.addr_spec, message)

    async def _record(self, one: Delivery, what: Sequel) -> None:
        """As often as it takes: what is known about a mail is not to be lost to a database that restarts."""
        while True:
            try:
                async with self._parts.transactions.begin() as transaction:
                    if await queue.record(transaction.connection, one, what, transaction.now):
                        transaction.say(to_journal(_said(transaction, one, what)))
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("postman.waits", error=type(error).__name__)
                await asyncio.sleep(AFTER_A_FAULT)
            else:
                break
        match what:
            case Done():
                log.info("mail.sent", delivery=str(one.id), tries=one.tries)
            case Again(_, failure) | Failed(failure):
                log.warning("mail.not-sent", delivery=str(one.id), tries=one.tries, failure=failure.value)


def _said(transaction: Transaction, one: Delivery, what: Sequel) -> Event[Payload]:
    """Said once a delivery, under an id that is the delivery's for ever."""
    told = {
        "about": one.event_id,
        "recipient": one.recipient,
        "subscription": None,
        "channel": one.channel,
        "at": transaction.now,
        "tries": one.tries,
    }
    data: Payload = (
        Notified(**told) if not isinstance(what, Failed) else NotificationFailed(**told, failure=what.failure)
    )
    event = transaction.event(one.procedure, data, traceparent=one.traceparent)
    return replace(event, id=uuid5(one.id, data.fact))
