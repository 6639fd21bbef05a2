"""How fast courts are decided on one core, and what the law costs to load: in a process that does nothing else.

Three in four cases are one place of the facts with a NATINF or NATAFF code; the others have two places and both.
"""

import asyncio
import datetime as dt
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from infoparquet_contracts.codes import Ground, Kind
from infoparquet_contracts.parts import Place

from reference import Reference, default_url, load
from services.routing.competence import Case, decide

_SEED, _ROUNDS = 20261124, 3
_PAGE_BYTES = 4096


async def competence(cases: int) -> dict[str, Any]:
    """The figure as it stands in the report."""
    command = [sys.executable, "-m", "cli.bench_competence", str(cases)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    found: dict[str, Any] = json.loads(output)
    return found


def measure(count: int) -> dict[str, Any]:
    """Decisions a second of processor time, beside as many look-ups of the commune alone."""
    before, started = _resident_mib(), time.process_time()
    reference = load(default_url())
    law = reference.law
    loaded, grown = time.process_time() - started, _resident_mib() - before
    cases = _cases(reference, count)
    by_commune = law.territory.by_commune
    decided = _best(lambda: [decide(case, law) for case in cases], count)
    looked_up = _best(lambda: [by_commune.get(case.places[0].commune or "") for case in cases], count)
    return {
        "value": round(decided, 1),
        "floor": round(looked_up, 1),
        "ratio": round(decided / looked_up, 4),
        "unit": "décisions/s",
        "load_ms": round(loaded * 1000, 1),
        "memory_mib": round(grown, 1),
    }


def _cases(reference: Reference, count: int) -> list[Case]:
    chance = random.Random(_SEED)  # noqa: S311 - the same cases at each run
    communes, day = list(reference.communes.by_code), dt.date(2026, 11, 1)
    natinf, nataff = list(reference.natinf), list(reference.nataff)

    def place(ground: Ground) -> Place:
        return Place(ground=ground, commune=chance.choice(communes))

    def one(number: int) -> Case:
        offence, affair = (chance.choice(natinf),), (chance.choice(nataff),)
        match number % 4:
            case 0:
                places = (place(Ground.FACTS), place(Ground.RESIDENCE))
                return Case(places, day, offence, affair, Kind.REPORT)
            case 1:
                return Case((place(Ground.FACTS),), day, offence, (), Kind.REPORT)
            case _:
                return Case((place(Ground.FACTS),), day, (), affair, Kind.REPORT)

    return [one(number) for number in range(count)]


def _best(work: Callable[[], Sequence[object]], count: int) -> float:
    seconds = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return count / min(seconds)


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES / 2**20


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
