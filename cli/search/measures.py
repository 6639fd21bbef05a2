"""What each kind of search takes each kind of caller, from the words to the rows, beside a look-up by primary key."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cli.bench_measures import spread
from reference import Reference
from services.query.filters import Filters
from services.query.rights import Everything, OfAdministration, OfTribunal, Sight
from services.query.rows import view_of
from services.query.search import Mark, search
from services.query.words import Words

LIMIT: Final = 51
_SEED: Final = 20261129
# Rows from which searches are taken, of each caller.
_SAMPLE: Final = 200

Found = Mapping[str, Any]
# The parameters of a request that looks for what a row is about.
Kind = Callable[[Found], Mapping[str, Any]]


def kinds(reference: Reference) -> Mapping[str, Kind]:
    """By name."""

    def commune(row: Found) -> str:
        return reference.communes.by_code[row["commune"]].name

    def offence(row: Found) -> str:
        # The longest word says the most, as people know.
        return max(reference.natinf[row["natinf"]].label.split(), key=len)

    def court(row: Found) -> str:
        return reference.courts[row["court"]].city if row["court"] else "Bordeaux"

    return {
        "list": lambda _: {},
        "number": lambda row: {"q": row["number"]},
        "number-beginning": lambda row: {"q": row["number"][:11]},
        "number-mistyped": lambda row: {"q": _mistyped(row["number"])},
        "reference": lambda row: {"q": row["reference"].lower()},
        "reference-inside": lambda row: {"q": row["reference"][-8:]},
        "id": lambda row: {"q": str(row["id"])},
        "administration": lambda row: {"q": row["administration"]},
        "commune": lambda row: {"q": commune(row)},
        "commune-code": lambda row: {"q": row["commune"]},
        "offence": lambda row: {"q": offence(row)[:60]},
        "offence-code": lambda row: {"q": row["natinf"]},
        "affair-code": lambda row: {"q": row["nataff"]},
        "court": lambda row: {"q": court(row)},
        "two-words": lambda row: {"q": f"{commune(row)} {offence(row)}"[:64]},
        "nothing": lambda _: {"q": "introuvable jamais"},
        "filters": lambda row: {"commune": row["commune"], "natinf": row["natinf"]},
        "kind-and-status": lambda _: {"kind": "complaint", "status": "routed"},
    }


def _mistyped(number: str) -> str:
    """Two digits exchanged, or one changed where they are alike."""
    one, other = number[12], number[11]
    return number[:11] + (one + other if one != other else str((int(one) + 1) % 10) + one) + number[13:]


def callers(courts: Sequence[str]) -> Mapping[str, Sight]:
    """By name; `courts` are the largest and one of the smallest."""
    large, small = courts
    return {
        "operator": Everything(),
        "administration-many": OfAdministration("dreal-0"),
        "administration-few": OfAdministration("dreal-290"),
        "tribunal-large": OfTribunal(large),
        "tribunal-small": OfTribunal(small),
    }


@dataclass
class Searches:
    """On a filled database."""

    engine: AsyncEngine
    words: Words
    kinds: Mapping[str, Kind]
    rounds: int

    async def measure(self) -> dict[str, Any]:
        """Milliseconds, by kind of search and of caller; `rows` is how many were found on the first pages."""
        chance = random.Random(_SEED)  # noqa: S311 - the same searches at each run
        async with self.engine.connect() as connection:
            asking = callers(await _courts(connection))
            samples = {name: await _sample(connection, sight) for name, sight in asking.items()}
        floor = await self._floor([row for rows in samples.values() for row in rows])
        report: dict[str, Any] = {}
        for kind, parameters in self.kinds.items():
            report[kind] = {}
            for name, sight in asking.items():
                rows = [chance.choice(samples[name]) for _ in range(self.rounds)]
                report[kind][name] = await self._one(sight, [parameters(row) for row in rows])
        return {"searches": report, "floor": floor}

    async def _one(self, sight: Sight, asked: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        taken: list[float] = []
        found = 0
        for place, parameters in enumerate(asked):
            rows = await _timed(taken, lambda given=parameters: self._search(sight, given, None))  # type: ignore[misc]
            found += len(rows)
            # Each second one turns the page.
            if place % 2 and len(rows) == LIMIT:
                after = Mark(rows[-1].submitted_at, rows[-1].id)
                await _timed(taken, lambda given=parameters, at=after: self._search(sight, given, at))  # type: ignore[misc]
        return {**_spread(taken), "rows": round(found / len(asked), 1)}

    async def _search(self, sight: Sight, parameters: Mapping[str, Any], after: Mark | None) -> Any:  # noqa: ANN401
        criteria = Filters.model_validate(parameters).criteria(self.words)
        async with self.engine.connect() as connection:
            return await search(connection, sight, criteria, after=after, limit=LIMIT)

    async def _floor(self, rows: Sequence[Found]) -> dict[str, float]:
        taken: list[float] = []

        async def look(row: Found) -> object:
            async with self.engine.connect() as connection:
                statement = text("SELECT id, reference, state FROM procedures WHERE id = :id")
                return (await connection.execute(statement, {"id": row["id"]})).one()

        for row in rows:
            await _timed(taken, lambda one=row: look(one))  # type: ignore[misc]
        return _spread(taken)


def _spread(values: Sequence[float]) -> dict[str, float]:
    return spread(values, (50, 95, 99), digits=2)


async def _timed(taken: list[float], work: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - whatever it finds
    started = time.perf_counter()
    found = await work()
    taken.append((time.perf_counter() - started) * 1000)
    return found


async def _courts(connection: AsyncConnection) -> tuple[str, str]:
    """The one that has most, and one that has few."""
    counted = "SELECT tribunal FROM procedures WHERE tribunal IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC"
    found = list((await connection.execute(text(counted))).scalars())
    return found[0], found[-5]


async def _sample(connection: AsyncConnection, sight: Sight) -> list[Found]:
    # A table's sample has too few of who sees little: each caller's own, at random.
    condition = view_of(sight).condition.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    statement = f"""
        SELECT id, number, reference, administration, tribunal AS court, substr(codes[4], 2) AS commune,
               substr(codes[5], 2) AS natinf, substr(codes[8], 2) AS nataff
        FROM procedures WHERE {condition} ORDER BY md5(id::text) LIMIT {_SAMPLE}"""  # noqa: S608 - rights and constants
    return [row._asdict() for row in await connection.exec_driver_sql(statement)]
