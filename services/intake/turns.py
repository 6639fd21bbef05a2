"""Documents let procedures go first: they move a handful at a time, in short slices, and hold few connections.

Films may take all that a machine has for minutes; who reports an urgent procedure meanwhile is answered as ever.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.transaction import Transaction, Transactions

# So many seconds of processor at a time; then, while somebody posts or did so lately, so many times as much rest, and a
# wait until nobody does, which ends all the same: documents arrive however many procedures do.
SLICE = 0.03
RESTS = 8
LATELY = 2.0
LONGEST_WAIT = 0.1
# Seconds from one document's beginning to the next one's meanwhile: of what a crowd brings, the first costs most.
APART = 0.05
# Of the pool's connections; the others are for who posts and reads.
CONNECTIONS = 1


class Turns:
    """Those of one process; what is known of documents is read and written through them."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._going_first = 0
        self._last_first = -LATELY
        self._worked = 0.0
        self._nobody = asyncio.Event()
        self._nobody.set()
        self._beginning = asyncio.Lock()
        self._last_begun = -APART
        self._handfuls = asyncio.Semaphore(1)
        self._connections = asyncio.Semaphore(CONNECTIONS)

    async def go_first(self) -> AsyncIterator[None]:
        """A dependency of the routes that documents make way for."""
        self._going_first += 1
        self._nobody.clear()
        try:
            yield
        finally:
            self._going_first -= 1
            self._last_first = _now()
            if not self._going_first:
                self._nobody.set()

    async def begin_apart(self) -> None:
        """Those that come at once begin one after the other; at once, where none has just begun."""
        async with self._beginning:
            if self._makes_way and (wait := self._last_begun + APART - _now()) > 0:
                await asyncio.sleep(wait)
            self._last_begun = _now()

    @property
    def _makes_way(self) -> bool:
        return self._going_first > 0 or _now() - self._last_first < LATELY

    @asynccontextmanager
    async def handful(self) -> AsyncIterator[None]:
        """One at a time, in slices between which those go first that may."""
        async with self._handfuls:
            if self._worked >= SLICE:
                await self._make_way()
            # Of the processors, not of the clock: while the disk is waited for, others have their turn.
            began = time.process_time()
            yield
            self._worked += time.process_time() - began

    async def _make_way(self) -> None:
        rest, self._worked = self._worked, 0.0
        if self._makes_way:
            await asyncio.sleep(RESTS * rest)
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_WAIT):
                    await self._nobody.wait()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """A transaction about a document."""
        async with self._connections, self._transactions.begin() as transaction:
            yield transaction

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """The same only to read."""
        async with self._connections, self._transactions.engine.connect() as connection:
            yield connection


def _now() -> float:
    return asyncio.get_running_loop().time()
