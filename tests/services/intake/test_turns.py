"""Documents make way for who posts, and move all the same."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.intake.turns import APART, CONNECTIONS, LONGEST_WAIT, RESTS, SLICE, Turns
from tests.services.intake.conftest import Intake


@pytest.fixture
def turns(intake: Intake) -> Turns:
    return Turns(intake.running.transactions)


@asynccontextmanager
async def somebody_posts(turns: Turns) -> AsyncIterator[None]:
    """While the block lasts."""
    async with asynccontextmanager(turns.go_first)():
        yield


async def moved(turns: Turns, works: float = SLICE) -> float:
    """When a handful had its turn that takes so many seconds of work."""
    clock = asyncio.get_running_loop().time
    async with turns.handful():
        began = clock()
        until = time.process_time() + works
        while time.process_time() < until:
            pass
        return began


@pytest.mark.measured
async def test_after_a_slice_of_work_a_handful_rests_then_waits_until_nobody_posts(turns: Turns) -> None:
    async with somebody_posts(turns):
        await moved(turns)
        waiting = asyncio.create_task(moved(turns))
        await asyncio.wait([waiting], timeout=RESTS * SLICE + LONGEST_WAIT / 5)
        assert not waiting.done()
        over = asyncio.get_running_loop().time()
    assert await waiting - over < SLICE + LONGEST_WAIT / 2


async def test_documents_move_however_many_post(turns: Turns) -> None:
    async with somebody_posts(turns), asyncio.timeout(100 * LONGEST_WAIT):
        for _ in range(3):
            await moved(turns)


@pytest.mark.measured
async def test_nobody_makes_way_for_nobody(turns: Turns) -> None:
    first = await moved(turns)
    assert await moved(turns) - first < SLICE + LONGEST_WAIT


async def test_handfuls_move_one_at_a_time(turns: Turns) -> None:
    async with turns.handful():
        second = asyncio.create_task(moved(turns, 0))
        await asyncio.wait([second], timeout=LONGEST_WAIT / 5)
        assert not second.done()
    await second


@pytest.mark.measured
async def test_those_that_come_at_once_begin_apart_while_somebody_posts(turns: Turns) -> None:
    clock = asyncio.get_running_loop().time
    async with somebody_posts(turns):
        began = clock()
        await asyncio.gather(*(turns.begin_apart() for _ in range(4)))
    assert clock() - began > 2.9 * APART


async def test_whoever_comes_alone_begins_at_once(turns: Turns) -> None:
    async with somebody_posts(turns):
        one = turns.begin_apart()
        with pytest.raises(StopIteration):
            one.send(None)


async def test_documents_leave_connections_to_others(intake: Intake, turns: Turns) -> None:
    async with turns.begin() as transaction:
        more = asyncio.create_task(_connected(turns))
        await asyncio.wait([more], timeout=0.1)
        assert more.done() == (CONNECTIONS > 1)
        assert transaction.now
        assert await intake.count("documents") == 0
    await more


async def _connected(turns: Turns) -> None:
    async with turns.connect():
        return
