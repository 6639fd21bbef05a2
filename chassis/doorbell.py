"""Wakes who waits on a table: an empty NOTIFY after the commit, one in flight a process.

Never inside the transaction, where it halves durable commits, and never with a payload: whoever is woken looks at the
table again, so a ring that is lost costs only the wait until the next look.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.errors import CONNECTION_ERRORS

log = structlog.get_logger()

T = TypeVar("T")
# A ring that was lost costs this long at most.
LOOK_AGAIN = 1.0
FIRST_SPACING, LONGEST_SPACING = 0.002, 0.1


class Doorbell:
    """One channel of one database: `ring` after a commit, `wait` until somebody rang, here or in another process."""

    def __init__(self, engine: AsyncEngine, channel: str) -> None:
        self._engine = engine
        self._channel = channel
        self._waiters: set[asyncio.Event] = set()
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake this process's waiters now and the other processes' soon; never fails, never waits."""
        self._wake()
        self._rung.set()

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that is set at each ring; enter before looking at the table, clear before looking again."""
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            yield waiter
        finally:
            self._waiters.discard(waiter)

    async def run(self) -> None:
        """Carry rings to and from other processes until cancelled; after a lost connection, start again."""
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._notify())
                    tasks.create_task(self._listen())
            except* CONNECTION_ERRORS as errors:
                log.warning("doorbell.lost", channel=self._channel, error=type(errors.exceptions[0]).__name__)
            self._wake()
            await asyncio.sleep(1)

    def _wake(self, *_: object) -> None:
        for waiter in self._waiters:
            waiter.set()

    async def _notify(self) -> None:
        async with self._autocommit() as connection:
            while True:
                await self._rung.wait()
                self._rung.clear()
                await connection.execute(text(f"NOTIFY {self._channel}"))

    async def _listen(self) -> None:
        async with self._autocommit() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            lost = asyncio.Event()
            driver.add_termination_listener(lambda _: lost.set())
            await driver.add_listener(self._channel, self._wake)
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(5):
                        await lost.wait()
                await connection.execute(text("SELECT 1"))

    @contextlib.asynccontextmanager
    async def _autocommit(self) -> AsyncIterator[Any]:
        async with self._engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")


async def first_found(
    bell: Doorbell, look: Callable[[], Awaitable[T | None]], seconds: float, *, look_again: float = LOOK_AGAIN
) -> T | None:
    """What `look` finds, asked again each time the bell rings; None after that many seconds. Holds no connection."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    spacing = FIRST_SPACING
    with bell.listening() as rung:
        while True:
            rung.clear()
            found = await look()
            left = deadline - clock()
            if found is not None or left <= 0:
                return found
            # `wait_for` loses a cancellation that comes with the ring (Python 3.11), and whoever stops waits for ever.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, look_again)):
                    await rung.wait()
            # While facts pour in it rings at each batch: who waits long looks less often.
            await asyncio.sleep(min(spacing, max(0.0, deadline - clock())))
            spacing = min(2 * spacing, LONGEST_SPACING)
