"""Documents let procedures go first: they move a handful at a time, while nobody posts, and hold few connections.

Films may take all that a machine has for minutes; who reports an urgent procedure meanwhile is answered as ever.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.transaction import Transaction, Transactions

# A handful waits no longer than this, so that documents arrive however many procedures do.
LONGEST_WAIT = 0.25
# Whoever posted so lately may post again: a handful is then followed by as much rest as it took, and so often that.
LATELY = 2.0
REST = 1.0
# Of the pool's connections; the others are for who posts and reads.
CONNECTIONS = 1


class Turns:
    """Those of one process; what is known of documents is read and written through them."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._going_first = 0
        self._last_first = -LATELY
        self._nobody = asyncio.Event()
        self._nobody.set()
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

    @asynccontextmanager
    async def handful(self) -> AsyncIterator[None]:
        """One at a time, after those that go first."""
        async with self._handfuls:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_WAIT):
                    await self._nobody.wait()
            began = _now()
            yield
            if began - self._last_first < LATELY:
                await asyncio.sleep(REST * (_now() - began))

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
