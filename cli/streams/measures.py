"""How soon a fact reaches the last of very many streams, what they take of memory, and who waits meanwhile."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from cli.bench_measures import Load, System, reach, spread
from cli.bench_run import Say
from cli.bounds.measures import LONGEST_P99
from cli.bounds.memory import growth
from cli.bounds.others import Others
from cli.streams.feeding import Feeding, feeding
from cli.streams.followers import Followers, following

# MiB that query may take on, and KiB for each stream: its connection, its request and its task.
MOST_GROWTH, MOST_A_STREAM = 96.0, 64 / 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of each; seconds unless the name says otherwise."""

    facts: int = 40
    spacing: float = 1.0
    rest: float = 15
    procedures: int = 40
    patience: float = 120


QUICK = Plan(facts=10, spacing=0.5, rest=3, procedures=10, patience=60)


@dataclass(frozen=True)
class Streams:
    """Taken on a system that has nothing else to do."""

    system: System
    streams: int
    plan: Plan
    say: Say

    async def measure(self) -> dict[str, Any]:
        """The report. Raises Unmeasured."""
        query, load = self.system.running["services"]["query"], Load()
        self.say("Mise en route…")
        await reach(self.system, load, self.plan.procedures, 20, patience=self.plan.patience)
        others = Others(self.system, load)
        await others.prepare(self.plan.patience)
        rest = (await others.for_a_while(self.plan.rest)).spread()
        async with feeding(query["database"]) as feed:
            self.say(f"{self.streams} flux…")
            with growth({"query": query}) as grown:
                began = time.perf_counter()
                async with following(self.system, self.streams, self.plan.patience) as followers:
                    opened = time.perf_counter() - began
                    self.say(f"{self.plan.facts} faits pour chacun…")
                    delays = await self._facts(feed, followers)
                    self.say("Les mêmes, et d’autres clients…")
                    async with others.meanwhile() as served:
                        busy = await self._facts(feed, followers, len(followers.heard))
                    ended = followers.ended
        meanwhile = served.spread()
        return {
            "streams": self.streams,
            "facts": self.plan.facts,
            "open_seconds": round(opened, 1),
            "ended": ended,
            "delay_ms": delays,
            "delay_with_others_ms": busy,
            "memory": self._memory(grown["query"]),
            "others_ms": meanwhile,
            "others_p50_to_rest": {what: round(one["p50"] / rest[what]["p50"], 1) for what, one in meanwhile.items()},
        }

    async def _facts(self, feed: Feeding, followers: Followers, first: int = 0) -> dict[str, dict[str, float]]:
        """Of each fact: when its first, any and its last stream had it after the commit; and the floor."""
        begun: list[float | None] = []
        each: list[float | None] = []
        last: list[float | None] = []
        floor: list[float | None] = []
        for place in range(first, first + self.plan.facts):
            floor.append(await feed.bare(self.plan.patience))
            committed = await feed.fact()
            moments = await followers.all_heard(place, self.streams, self.plan.patience)
            delays = [(moment - committed) * 1000 for moment in moments]
            begun.append(delays[0])
            each += delays
            last.append(delays[-1])
            await asyncio.sleep(self.plan.spacing)
        return {"first": spread(begun), "each": spread(each), "last": spread(last), "floor": spread(floor)}

    def _memory(self, grown: float) -> dict[str, float]:
        allowed = MOST_GROWTH + self.streams * MOST_A_STREAM
        return {
            "growth_mib": grown,
            "allowed_mib": round(allowed, 1),
            "kib_a_stream": round(grown * 1024 / self.streams, 1),
        }


def kept(report: dict[str, Any]) -> bool:
    """Whether no stream was lost, memory stayed within its bound, and others were served."""
    served = all(one["p99"] <= LONGEST_P99 for one in report["others_ms"].values())
    within: bool = report["memory"]["growth_mib"] <= report["memory"]["allowed_mib"]
    return within and served and report["ended"] == 0
