"""How fast a list leaves as a file beside a COPY of the same rows, what memory that takes, who waits meanwhile; and how
soon figures are there beside a mere count of the same rows.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import asyncpg
import httpx

from cli.bench_measures import System, Unmeasured, spread
from cli.bench_run import Say
from cli.bounds.memory import growth
from cli.exports.years import fill

FORMATS: Final = ("csv", "json", "parquet")
GROUPS: Final = ("none", "tribunal", "administration", "family", "month")
# What query's memory may grow by, however long a list is.
MOST_GROWTH: Final = 64.0
_PATIENCE: Final = 1800.0
_PAUSE: Final = 0.05
_FIRST_DAY: Final = "1990-01-01"
_COPY: Final = """
    SELECT id, number, reference, administration, kind, status, tribunal, state -> 'urgency', submitted_at
    FROM procedures ORDER BY submitted_at DESC, id DESC
"""
_COUNT_YEAR: Final = "SELECT count(*) FROM figures WHERE submitted_at >= now() - interval '365 days'"
_COUNT: Final = "SELECT count(*) FROM figures"


@dataclass(frozen=True)
class Exports:
    """Taken one after the other, on a system that has nothing else to do; `rounds` are of each question of a year."""

    system: System
    procedures: int
    rounds: int
    say: Say

    async def measure(self) -> dict[str, Any]:
        """The report. Raises Unmeasured."""
        query = self.system.running["services"]["query"]
        self.say(f"{self.procedures} procédures sont écrites dans la base…")
        await fill(query, self.procedures)
        connection = await asyncpg.connect(query["database"], command_timeout=None)
        try:
            async with httpx.AsyncClient(
                base_url=self.system.url("query"), headers=self.system.headers("operator"), timeout=_PATIENCE
            ) as client:
                return await self._report(client, connection, query)
        finally:
            await connection.close()

    async def _report(
        self, client: httpx.AsyncClient, connection: asyncpg.Connection, query: Mapping[str, Any]
    ) -> dict[str, Any]:
        report: dict[str, Any] = {"procedures": self.procedures}
        await _drained(client, "csv", {"q": "REF-2026-00000001"})
        at_rest = await self._rested(client)
        for suffix in FORMATS:
            self.say(f"Export en {suffix}, puis COPY des mêmes lignes…")
            waits: list[float | None] = []
            with growth({"query": query}) as grown:
                async with _others(client, waits):
                    value = self.procedures / await _timed(partial(_drained, client, suffix, {}))
            floor = self.procedures / await _timed(partial(_copied, connection))
            report[suffix] = _figure(value, floor, "procédures/s") | {
                "growth_mib": grown["query"],
                "others_ms": spread(waits),
            }
        report["others_at_rest_ms"] = spread(at_rest)
        report["allowed_mib"] = MOST_GROWTH
        self.say("Chiffres d’un an, puis de tout…")
        report["year"] = await self._figures(client, connection, {}, _COUNT_YEAR, self.rounds)
        # Seconds each.
        few = -(-self.rounds // 10)
        report["all"] = await self._figures(client, connection, {"from": _FIRST_DAY}, _COUNT, few)
        return report

    async def _rested(self, client: httpx.AsyncClient) -> list[float | None]:
        waits: list[float | None] = []
        async with _others(client, waits):
            await asyncio.sleep(5)
        return waits

    async def _figures(
        self,
        client: httpx.AsyncClient,
        connection: asyncpg.Connection,
        period: Mapping[str, str],
        count: str,
        rounds: int,
    ) -> dict[str, Any]:
        """Milliseconds by what they are told apart by."""

        async def ask(by: str) -> None:
            answer = await client.get("/v1/statistics", params={**period, "by": by})
            _require_ok(answer.status_code, answer.text)

        async def count_them() -> None:
            await connection.fetchval(count)

        asked = {by: [await _timed(partial(ask, by)) for _ in range(rounds)] for by in GROUPS}
        floor = _percentiles([await _timed(count_them) for _ in range(rounds)])
        return {"floor": floor} | {by: _percentiles(times) for by, times in asked.items()}


async def _drained(client: httpx.AsyncClient, suffix: str, filters: Mapping[str, str]) -> None:
    async with client.stream("GET", f"/v1/procedures.{suffix}", params=filters) as answer:
        _require_ok(answer.status_code, "" if answer.is_success else (await answer.aread()).decode())
        async for _ in answer.aiter_raw():
            pass


async def _copied(connection: asyncpg.Connection) -> None:
    async def forget(_: bytes) -> None:
        pass

    await connection.copy_from_query(_COPY, output=forget, format="csv")


@asynccontextmanager
async def _others(client: httpx.AsyncClient, waits: list[float | None]) -> AsyncIterator[None]:
    """Somebody who looks at the first page again and again."""

    async def look() -> None:
        answer = await client.get("/v1/procedures")
        _require_ok(answer.status_code, answer.text)

    async def go_on() -> None:
        while True:
            waits.append(1000 * await _timed(look))
            await asyncio.sleep(_PAUSE)

    looking = asyncio.create_task(go_on())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    if not waits:
        raise Unmeasured("La mesure est trop courte : donnez plus de procédures.")


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def _percentiles(seconds: list[float]) -> dict[str, float]:
    return {f"{name}_ms": value for name, value in spread([1000 * one for one in seconds], (50, 95)).items()}


def _figure(value: float, floor: float, unit: str) -> dict[str, Any]:
    return {"value": round(value), "floor": round(floor), "ratio": round(value / floor, 4), "unit": unit}


def _require_ok(status: int, text: str) -> None:
    if status != httpx.codes.OK:
        raise Unmeasured(f"Le suivi a répondu {status} : {text[:300]}")
