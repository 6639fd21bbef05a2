"""Folders and ports of a test's own; what it starts is gone when it ends."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.folders import fresh_folder
from deploy.local.options import Options
from deploy.local.ports import is_free

_FIRST, _LAST, _STEP = 20_000, 20_900, 100


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a name that breaks careless commands."""
    made = fresh_folder()
    odd = made / "un dossier, d’été"
    odd.mkdir()
    yield odd
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def port_base(worker_id: str) -> int:
    """One whose ports are all free; the workers of a run look in different places first."""
    number = int(worker_id.removeprefix("gw")) if worker_id != "master" else 0
    bases = list(range(_FIRST, _LAST + 1, _STEP))
    first = 3 * number % len(bases)
    for base in bases[first:] + bases[:first]:
        if all(is_free(base + place) for place in range(_STEP)):
            return base
    pytest.fail("no free ports between 20000 and 20999")


@pytest.fixture
def options(folder: Path, port_base: int) -> Options:
    """For a stack that need not be looked for."""
    return Options(data=folder / "data", port_base=port_base)


@pytest.fixture
def as_root() -> None:
    """For what only root meets."""
    if os.geteuid() != 0:
        pytest.skip("only root starts PostgreSQL as another account")
