"""No list reads every procedure: each filter and each kind of word has its index, for whoever asks."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.clock import new_id
from cli.search.filling import Spread, fill
from reference import default_url, load
from services.query.filters import Filters
from services.query.rights import Everything, OfAdministration, OfTribunal, Sight
from services.query.rows import Criteria
from services.query.search import Mark, among_the_newest, by_index, in_order, search
from services.query.words import Words
from tests.builders import NOON
from tests.services.in_process import InProcess
from tests.services.query.plans import plan_of

PROCEDURES = 50_000
SIGHTS: list[Sight] = [
    Everything(),
    OfAdministration("dreal-0"),
    OfAdministration("dreal-290"),
    OfTribunal("tj75056"),
    OfTribunal("tj2a004"),
]
ASKED: list[Mapping[str, Any]] = [
    {},
    {"status": "routed"},
    {"status": "closed"},
    {"urgent": True},
    {"urgent": False},
    {"tribunal": "tj2a004"},
    {"administration": "dreal-290"},
    {"from": "2024-03-01", "to": "2024-03-02"},
    {"kind": "complaint"},
    {"commune": "33063"},
    {"natinf": "22587", "nataff": "I51"},
    {"q": "2024-0000012"},
    {"q": "2026-00000042-62"},
    {"q": "dreal-10-2024"},
    {"q": "24-312"},
    {"q": "0192f0c1"},
    {"q": "bordeaux"},
    {"q": "Paris autorisation"},
    {"q": "paris", "status": "routed"},
    {"q": "22587"},
    {"q": "I51"},
    {"q": "dreal"},
    {"q": "tribunal judiciaire d’Ajaccio"},
    {"q": "chèque dreal 33063"},
    {"q": "introuvable"},
    {"q": "%_%"},
    {"q": "e e e e e e e e a b c d e f g h i j k l m n o p q r s t u v w x"},
]


@pytest.fixture
async def engine(query: InProcess) -> AsyncEngine:
    """On as many procedures as tell a plan that reads them all from one that does not."""
    found = query.running.engine
    async with found.begin() as connection:
        await fill(connection, Spread.drawn(load(default_url())), PROCEDURES)
    return found


def statements(sight: Sight, criteria: Criteria) -> list[Select[Any]]:
    ways = [among_the_newest, by_index] if criteria.by_codes else [in_order]
    return [way(sight, criteria, after=after, limit=51) for way in ways for after in (None, Mark(NOON, new_id()))]


async def test_no_search_reads_every_procedure(engine: AsyncEngine, words: Words) -> None:
    for sight in SIGHTS:
        for asked in ASKED:
            for statement in statements(sight, Filters.model_validate(asked).criteria(words)):
                plan = await plan_of(engine, statement)
                assert "Seq Scan" not in plan, f"{sight} {asked}\n{plan}"
    # What is frequent is found among the newest, what is rare by its index: the same rows either way.
    async with engine.connect() as connection:
        for asked in ({"q": "paris"}, {"q": "dreal"}, {"commune": "13055"}, {"kind": "official-record"}):
            criteria = Filters.model_validate(asked).criteria(words)
            indexed = (await connection.execute(by_index(Everything(), criteria, after=None, limit=51))).all()
            found = await search(connection, Everything(), criteria, after=None, limit=51)
            assert [row.id for row in found] == [row.id for row in indexed]
            assert len(found) == 51
