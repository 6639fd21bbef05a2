"""Tells Kafka how far a consumer has come, for those who watch its group there; no batch waits for it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from chassis.crash import CrashPoints

# Relays go by it when they hold a backlog back.
SPACING = 0.25
LIMIT = 2.0


class Acknowledging:
    """Commits the newest offsets that it was given, four times a second at most."""

    def __init__(self, commit: Callable[[Mapping[TopicPartition, int]], Awaitable[None]], crash: CrashPoints) -> None:
        self._commit = commit
        self._crash = crash
        self._to: dict[TopicPartition, int] = {}
        self._running: asyncio.Task[None] | None = None

    def soon(self, to: Mapping[TopicPartition, int]) -> None:
        """Where the next record of each partition stands."""
        self._to |= to
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    def cancel(self) -> None:
        """What was not told yet is told by nobody."""
        if self._running:
            self._running.cancel()

    async def _run(self) -> None:
        while self._to:
            to, self._to = self._to, {}
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(LIMIT):
                    await self._commit(to)
            self._crash.reach("consumer.acknowledged")
            await asyncio.sleep(SPACING)
