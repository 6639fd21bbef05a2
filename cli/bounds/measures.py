"""Each bound: what is done to the system, how much memory that may take, and what others are answered meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from cli.bench_measures import PATH, Load, System, Unmeasured, batch, reach
from cli.bench_run import Say
from cli.bounds.crowd import dripping, silent
from cli.bounds.memory import growth
from cli.bounds.million import fill
from cli.bounds.others import Others

# MiB that one process may take on, whatever is sent to it; a connection is held for some 20 KiB.
MOST_GROWTH, MOST_A_CONNECTION = 96.0, 32 / 1024
# A client waits that long at most, in milliseconds, while a million procedures or a crowd are there.
LONGEST_P99 = 5000.0
_PERSONS, _WORDS = 100, 4900


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of each; seconds unless the name says otherwise."""

    rest: float = 20
    large_procedures: int = 200
    batch_lines: int = 100_000
    silent_connections: int = 5000
    dripping_connections: int = 200
    procedures: int = 1_000_000
    patience: float = 1800


QUICK = Plan(
    rest=5,
    large_procedures=20,
    batch_lines=5000,
    silent_connections=1000,
    dripping_connections=50,
    procedures=20_000,
    patience=120,
)


@dataclass(frozen=True)
class Bound:
    """What was measured of one; `growth` in MiB by service, `others` in milliseconds, `ratio` to those at rest."""

    name: str
    amount: int
    growth: dict[str, float]
    allowed: float
    others: dict[str, dict[str, float]]
    ratio: dict[str, float]
    more: dict[str, int] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether memory stayed within it, and others were served."""
        served = all(spread["p99"] <= LONGEST_P99 for spread in self.others.values())
        return max(self.growth.values()) <= self.allowed and served

    def describe(self) -> dict[str, Any]:
        """For the report."""
        return {
            "bound": self.name,
            "amount": self.amount,
            "growth_mib": self.growth,
            "allowed_mib": self.allowed,
            "others_ms": self.others,
            "others_p50_to_rest": self.ratio,
            "kept": self.kept,
            **self.more,
        }


class Bounds:
    """Taken one after the other, on a system that has nothing else to do."""

    def __init__(self, system: System, plan: Plan, say: Say) -> None:
        self._system, self._plan, self._say = system, plan, say
        self._load = Load()
        self._others = Others(system, self._load)
        self._rest: dict[str, dict[str, float]] = {}

    async def measure(self) -> list[Bound]:
        """Each bound. Raises Unmeasured."""
        plan = self._plan
        self._say("Mise en route, puis au repos…")
        await reach(self._system, self._load, 40, 20, patience=plan.patience)
        await self._others.prepare(plan.patience)
        self._rest = (await self._others.for_a_while(plan.rest)).spread()
        return [
            await self._silent(),
            await self._dripping(),
            await self._large(),
            await self._batch(),
            await self._million(),
        ]

    async def _silent(self) -> Bound:
        count = self._plan.silent_connections
        self._say(f"{count} connexions muettes…")
        allowed = MOST_GROWTH + count * MOST_A_CONNECTION
        async with (
            self._bound("silent-connections", count, allowed) as found,
            silent(self._system, "intake", count) as crowd,
        ):
            await asyncio.sleep(self._plan.rest)
            found.more = {"ended_by_the_service": crowd.ended}
        return found.bound

    async def _dripping(self) -> Bound:
        count = self._plan.dripping_connections
        self._say(f"{count} clients qui envoient un octet par seconde, jusqu’à ce que le service les congédie…")
        async with (
            self._bound("dripping-clients", count) as found,
            dripping(self._system, count) as crowd,
            asyncio.timeout(self._plan.patience),
        ):
            while crowd.ended < count:  # noqa: ASYNC110 - only the service knows when
                await asyncio.sleep(0.2)
        return found.bound

    async def _large(self) -> Bound:
        count = self._plan.large_procedures
        self._say(f"{count} procédures de la plus grande taille…")
        body = largest(self._load)
        headers = self._system.headers("administration:bench-large")
        async with self._bound("largest-procedures", count) as found, httpx.AsyncClient(timeout=60) as client:
            for place in range(count):
                answer = await client.post(
                    f"{self._system.url('intake')}{PATH}",
                    content=body,
                    headers=headers | {"Idempotency-Key": f"large-{place}"},
                )
                if not answer.is_success:
                    raise Unmeasured(f"Une procédure de {len(body)} octets a été refusée : {answer.text}")
            await self._settled(client, headers, count)
        found.more = {"bytes": len(body)}
        return found.bound

    async def _batch(self) -> Bound:
        count = self._plan.batch_lines
        self._say(f"Un lot de {count} lignes…")
        async with self._bound("batch-lines", count) as found:
            await batch(self._system, self._load, count, patience=self._plan.patience)
        return found.bound

    async def _million(self) -> Bound:
        count = self._plan.procedures
        self._say(f"{count} procédures dans les tables (écrites directement dans les bases)…")
        await fill(self._system.running["services"], count)
        self._say("… et les réponses qu’elles laissent donner.")
        async with self._bound("procedures-in-tables", count) as found:
            await asyncio.sleep(self._plan.rest)
        return found.bound

    async def _settled(self, client: httpx.AsyncClient, headers: dict[str, str], count: int) -> None:
        url = f"{self._system.url('query')}{PATH}"
        async with asyncio.timeout(self._plan.patience):
            while True:
                page = (await client.get(url, params={"limit": "200"}, headers=headers)).raise_for_status().json()
                if sum(one["status"] == "delivered" for one in page["procedures"]) >= min(count, 200):
                    return
                await asyncio.sleep(0.5)

    @asynccontextmanager
    async def _bound(self, name: str, amount: int, allowed: float = MOST_GROWTH) -> AsyncIterator["_Found"]:
        found = _Found()
        with growth(self._system.running["services"]) as grown:
            async with self._others.meanwhile() as served:
                yield found
        others = served.spread()
        ratio = {what: round(spread["p50"] / self._rest[what]["p50"], 1) for what, spread in others.items()}
        found.bound = Bound(name, amount, grown, round(allowed, 1), others, ratio, found.more)


@dataclass
class _Found:
    more: dict[str, int] = field(default_factory=dict)
    bound: Bound = None  # type: ignore[assignment]  # set when the block has ended


def largest(load: Load) -> bytes:
    """A body just below the limit: every list full, and long words about each of a hundred persons."""
    _, body, _ = load.next()
    place = body["places"][0]
    full = body | {
        "places": [place] * 100,
        "nataff": (body.get("nataff") or ["I51"])[:1] * 50,
        "persons": [{"role": "witness", "kind": "natural", "comment": "é" * _WORDS}] * _PERSONS,
    }
    return json.dumps(full, ensure_ascii=False).encode()
