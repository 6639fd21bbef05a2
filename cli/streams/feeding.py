"""Facts committed to query's feed straight in its database, so that the moment of the commit is known.

And what PostgreSQL alone takes to wake who listens, right after a commit of the same row.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from cli.bench_measures import Unmeasured
from cli.streams.followers import ADMINISTRATION

_END = "UPDATE feed_end SET last = last + 1 RETURNING last"
_COPY = """
    INSERT INTO feed (seq, stamp, event_id, procedure_id, administration, reference, tribunal, number, type, source,
                      time, data, newer, why_not)
    SELECT $1, $1, gen_random_uuid(), procedure_id, $2, reference, NULL, number, type, source,
           time, data, newer, why_not
    FROM feed WHERE tribunal IS NOT NULL ORDER BY seq LIMIT 1
"""
_BELL, _BARE = "facts_applied", "bench_bare"


@dataclass(frozen=True)
class Feeding:
    """Two connections to query's database: one that commits, one that listens to nothing but the floor."""

    commits: Any
    listens: Any

    async def fact(self) -> float:
        """A fact for those who follow; the moment at which its commit had been answered. It rings as services do."""
        committed = await self._commit(ADMINISTRATION)
        await self.commits.execute(f"NOTIFY {_BELL}")
        return committed

    async def bare(self, patience: float) -> float:
        """Milliseconds from the same commit, of a fact that nobody follows, to a bare listener. Raises Unmeasured."""
        woken: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def wake(*_: object) -> None:
            if not woken.done():
                woken.set_result(time.perf_counter())

        await self.listens.add_listener(_BARE, wake)
        try:
            committed = await self._commit(f"{ADMINISTRATION}-nobody")
            await self.commits.execute(f"NOTIFY {_BARE}")
            async with asyncio.timeout(patience):
                return (await woken - committed) * 1000
        except TimeoutError:
            raise Unmeasured(f"NOTIFY n’a réveillé personne en {patience:.0f} s.") from None
        finally:
            await self.listens.remove_listener(_BARE, wake)

    async def _commit(self, administration: str) -> float:
        async with self.commits.transaction():
            seq = await self.commits.fetchval(_END)
            await self.commits.execute(_COPY, seq, administration)
        return time.perf_counter()


@asynccontextmanager
async def feeding(database: str) -> AsyncIterator[Feeding]:
    """On query's database, which holds a delivered procedure."""
    commits, listens = await asyncpg.connect(database), await asyncpg.connect(database)
    try:
        yield Feeding(commits, listens)
    finally:
        await commits.close()
        await listens.close()
