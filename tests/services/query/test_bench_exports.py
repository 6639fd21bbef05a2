"""The benchmark of exports and figures, small: every line leaves, in memory that does not grow with them."""

import os
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cli.bench_exports import table
from cli.bench_measures import System, Unmeasured
from cli.exports.measures import FORMATS, GROUPS, MOST_GROWTH, Exports
from tests.services.in_process import InProcess
from tests.services.intake.conftest import listening

MANY = 40_000


class Tokens:
    """The issuer's, as the benchmark has those of the stack."""

    def __init__(self, query: InProcess) -> None:
        self._query = query

    def mint(self, organisation: str) -> str:
        return self._query.issuer.bearer(organisation)["Authorization"].removeprefix("Bearer ")


@pytest.fixture
async def system(query: InProcess) -> AsyncIterator[System]:
    """The service of this process, as if it were one of the stack."""
    async with listening(query.running.app) as url:
        tokens: Any = Tokens(query)
        service = {"url": url, "pids": [os.getpid()], "database": query.running.settings.database_url}
        yield System({"services": {"query": service}}, tokens)


async def test_lists_leave_whole_in_memory_that_does_not_grow(system: System, query: InProcess) -> None:
    report = await Exports(system, MANY, 2, lambda _: None).measure()
    assert await query.rows("SELECT count(*) FROM figures") == [(MANY,)]
    for suffix in FORMATS:
        assert report[suffix]["growth_mib"] < MOST_GROWTH
        assert 0 < report[suffix]["ratio"] < 1
    for period in ("year", "all"):
        assert set(report[period]) == {"floor", *GROUPS}
    shown = StringIO()
    Console(file=shown, width=120).print(table(report))
    assert "chiffres d’un an, tribunal, p95" in shown.getvalue()


async def test_what_is_refused_is_no_figure(system: System, query: InProcess) -> None:
    stranger: Any = Tokens(query)
    stranger.mint = lambda _: "nobody"
    with pytest.raises(Unmeasured, match="401"):
        await Exports(System(system.running, stranger), 10, 1, lambda _: None).measure()
