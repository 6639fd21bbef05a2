"""`bench search` finds each kind of procedure for each kind of caller, on a database of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.bench_search import measure, table
from deploy.local.folders import fresh_folder

PROCEDURES = 3000
# What everybody has in a list, and what operators find of any row that they take.
FOUND = ("list", "number", "number-mistyped", "reference", "id", "commune", "offence-code", "two-words", "filters")


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that PostgreSQL's own account may enter."""
    made = fresh_folder()
    yield made
    shutil.rmtree(made, ignore_errors=True)


async def test_each_search_finds_what_it_looks_for_and_is_timed(folder: Path) -> None:
    report = await measure(folder, PROCEDURES, 1, lambda _: None)
    assert report["procedures"] == PROCEDURES
    assert set(report["floor"]) == {"p50", "p95", "p99"}
    for kind in FOUND:
        assert report["searches"][kind]["operator"]["rows"] >= 1, kind
    assert report["searches"]["nothing"]["operator"]["rows"] == 0
    callers = {"operator", "administration-many", "administration-few", "tribunal-large", "tribunal-small"}
    assert all(set(by_caller) == callers for by_caller in report["searches"].values())
    assert table(report).row_count == len(report["searches"])
