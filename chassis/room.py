"""How much may wait in a service's outbox: beyond it new requests are refused, and what was read or done is still said.

Counted once a second, and more rarely where counting takes long; in between each process adds what it appends itself.
So the limit is passed by what the other replicas append between two counts, and by one request.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.errors import CONNECTION_ERRORS, OutboxFull
from chassis.metrics import Metrics
from chassis.outbox import Outgoing

COUNT_AGAIN = 1.0
# Counting takes a fiftieth of one connection's time at most: a second for a million rows, then once a minute.
REST = 50
# A row's key, topic, header and its places in the indexes.
ROW_BYTES = 256

# By the index of what waits: the table itself is as large as it ever was until it is vacuumed.
_BY_INDEX = text("SET LOCAL enable_seqscan = off")
_COUNT = text("""
    SELECT coalesce(sum(octet_length(value) + octet_length(headers) + :row_bytes), 0) AS bytes,
           min(appended_at) AS since
    FROM outbox WHERE batch IS NULL
""")


@dataclass
class Room:
    """What waits, as far as this process knows."""

    limit: int
    metrics: Metrics
    _taken: int = 0
    _since: datetime | None = None
    _added_meanwhile: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.metrics.outbox_limit.set(self.limit)

    def add(self, appended: Iterable[Outgoing]) -> None:
        """This process has appended these."""
        added = sum(_size(one) for one in appended)
        self._added_meanwhile += added
        self._hold(self._taken + added)

    def refuse_if_full(self) -> None:
        """Raises OutboxFull."""
        if self._taken >= self.limit:
            self.metrics.outbox_refusals.inc()
            raise OutboxFull(self.limit, self._since)

    async def count(self, engine: AsyncEngine) -> None:
        """Know what waits, whoever appended it."""
        self._added_meanwhile = 0
        async with engine.begin() as connection:
            await connection.execute(_BY_INDEX)
            found = (await connection.execute(_COUNT, {"row_bytes": ROW_BYTES})).one()
        self._since = found.since
        # What was appended while it was counted may be in both: too much until the next count, and never too little.
        self._hold(int(found.bytes) + self._added_meanwhile)

    def _hold(self, taken: int) -> None:
        self._taken = taken
        self.metrics.outbox_bytes.set(taken)


async def keep_counting(room: Room, engine: AsyncEngine) -> None:
    """Count again and again, until cancelled; while the database is away, what was known is kept."""
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        with contextlib.suppress(*CONNECTION_ERRORS):
            await room.count(engine)
        await asyncio.sleep(max(COUNT_AGAIN, REST * (clock() - began)))


def _size(one: Outgoing) -> int:
    headers = sum(len(name) + len(value) for name, value in one.record.headers)
    return len(one.record.value) + headers + ROW_BYTES
