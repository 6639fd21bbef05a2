"""How fast documents come and go beside the object store alone, what memory that takes, and who waits meanwhile."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from cli.bench_measures import PATH, Load, System, Unmeasured, spread
from cli.bench_run import Say
from cli.bounds.memory import growth
from cli.documents import floors
from cli.documents.clients import ADMINISTRATION, Client
from cli.documents.film import Film

_MIB = 1024 * 1024
# What intake's memory may grow by, however large a document is.
MOST_GROWTH = 64.0
# More, and what five services make of them is all that two cores have: their queue is measured, whoever else is there.
_POSTS_A_SECOND = 2.0
# A tenth of the crowd comes before, unmeasured: what is done for the first time takes longer.
_FEW = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of each; `size` and `small` in bytes, `rest` in seconds; of the rounds' speeds the middle one counts."""

    rounds: int = 3
    size: int = 2**30
    interruptions: int = 10
    crowd: int = 200
    small: int = 5_000_000
    rest: float = 60


QUICK = Plan(rounds=1, size=128 * _MIB, interruptions=4, crowd=40, small=1_000_000, rest=8)


@dataclass(frozen=True)
class Documents:
    """Taken one after the other, on a system that has nothing else to do; `folder` is on the same disk."""

    system: System
    plan: Plan
    folder: Path
    say: Say

    async def measure(self) -> dict[str, Any]:
        """The report. Raises Unmeasured."""
        plan, film = self.plan, Film(self.plan.size)
        client = Client(self.system, film)
        self.say("Mise en route…")
        await Client(self.system, Film(_MIB)).post()
        rounds = []
        with growth({"intake": self.system.running["services"]["intake"]}) as grown:
            for number in range(plan.rounds):
                self.say(f"{plan.size // _MIB} Mio, le stockage seul puis par intake ({number + 1}/{plan.rounds})…")
                rounds.append(await self._floors(film) | await self._round(client))
        speeds = {name: median(each[name] for each in rounds) for name in rounds[0]}
        return {
            "post": _beside(speeds["post"], speeds["floor"]),
            "tus": _beside(speeds["tus"], speeds["floor"]) | {"interruptions": plan.interruptions},
            "read": _beside(speeds["read"], speeds["floor_read"]),
            "hashed": _beside(speeds["hashed"], speeds["floor"]),
            "memory": {"growth_mib": grown["intake"], "allowed_mib": MOST_GROWTH},
            "crowd": await self._crowd(),
        }

    async def _floors(self, film: Film) -> dict[str, float]:
        hashed = await floors.put_hashed(self.folder, film)
        floor = await floors.put(self.folder, film)
        read = await floors.get(self.folder, film)
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
        return {"hashed": hashed, "floor": floor, "floor_read": read}

    async def _round(self, client: Client) -> dict[str, float]:
        _, posted = await client.post()
        document, uploaded = await client.upload(self.plan.interruptions)
        return {"post": posted, "tus": uploaded, "read": await client.read(document)}

    async def _crowd(self) -> dict[str, Any]:
        plan = self.plan
        self.say(f"Des procédures, seules puis avec {plan.crowd} pièces de {plan.small // 10**6} Mo à la fois…")
        await self._deposits(plan.crowd // _FEW)
        alone, meanwhile, taken = list[float | None](), list[float | None](), 0.0
        # In turns, so that a machine that slows down does so for both.
        for _ in range(plan.rounds):
            async with self._posting(alone):
                await asyncio.sleep(plan.rest)
            began = time.perf_counter()
            async with self._posting(meanwhile):
                await self._deposits(plan.crowd)
            taken += time.perf_counter() - began
        before, during = spread(alone), spread(meanwhile)
        return {
            "documents": plan.crowd,
            "bytes": plan.small,
            "mib_a_second": round(plan.rounds * plan.crowd * plan.small / _MIB / taken, 1),
            "posts_alone_ms": before,
            "posts_meanwhile_ms": during,
            "p99_ratio": round(during["p99"] / before["p99"], 2),
        }

    async def _deposits(self, count: int) -> None:
        """So many at once, until all are answered. Raises Unmeasured."""
        token = self.system.headers(ADMINISTRATION)["Authorization"].removeprefix("Bearer ")
        url = self.system.url("intake")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cli.documents.crowd", url, token, str(count), str(self.plan.small),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told, _ = await process.communicate()
        answered = json.loads(told)
        if answered != {"201": count}:
            raise Unmeasured(f"Des pièces ont été refusées : {answered}")

    @asynccontextmanager
    async def _posting(self, times: list[float | None]) -> AsyncIterator[None]:
        """Add the milliseconds of each answer to procedures that are posted at a steady pace while the block lasts."""
        over, load, posts = asyncio.Event(), Load(), set[asyncio.Task[None]]()
        who = self.system.headers(ADMINISTRATION)
        async with httpx.AsyncClient(base_url=self.system.url("intake"), timeout=60, trust_env=False) as client:

            async def post() -> None:
                key, body, _ = load.next()
                began = time.perf_counter()
                answer = await client.post(PATH, json=body, headers=who | {"Idempotency-Key": key})
                if not answer.is_success:
                    raise Unmeasured(f"Une procédure a été refusée ({answer.status_code}) : {answer.text}")
                times.append((time.perf_counter() - began) * 1000)

            async def keep_posting() -> None:
                while not over.is_set():
                    posts.add(asyncio.create_task(post()))
                    await asyncio.sleep(1 / _POSTS_A_SECOND)

            keeping = asyncio.create_task(keep_posting())
            try:
                yield
            finally:
                over.set()
                await keeping
                await asyncio.gather(*posts)


def _beside(value: float, floor: float) -> dict[str, Any]:
    return {"value": round(value, 1), "floor": round(floor, 1), "ratio": round(value / floor, 3), "unit": "MiB/s"}
