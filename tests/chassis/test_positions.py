"""Positions move by compare-and-set: of owners that read the same batch one has effects, the other touches nothing."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import outbox, positions
from chassis.database import open_engine
from chassis.outbox import to_journal
from chassis.positions import Superseded
from tests.builders import a_submission, an_event

FIRST, SECOND = TopicPartition(JOURNAL.name, 0), TopicPartition(JOURNAL.name, 1)
START = {FIRST: 0, SECOND: 0}


@pytest_asyncio.fixture
async def engine(chassis_database: str) -> AsyncIterator[AsyncEngine]:
    one = open_engine(chassis_database, name="tests", connections=4)
    async with one.begin() as connection:
        await positions.load(connection, START, "cluster")
    yield one
    await one.dispose()


async def apply(engine: AsyncEngine, expected: dict[TopicPartition, int], to: dict[TopicPartition, int]) -> None:
    """A batch whose only effect has no unique key: what is said of a procedure that is new at each call."""
    async with engine.begin() as connection:
        await positions.move(connection, expected, to)
        await outbox.append(connection, to_journal(an_event(a_submission())))


async def effects(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(outbox.outbox))).scalar_one())


async def standing(engine: AsyncEngine) -> dict[TopicPartition, int]:
    async with engine.begin() as connection:
        return await positions.load(connection, START, "cluster")


async def test_an_owner_from_before_a_rebalance_touches_nothing(engine: AsyncEngine) -> None:
    await apply(engine, START, {FIRST: 5, SECOND: 3})
    with pytest.raises(Superseded, match=r"\[0\]"):
        await apply(engine, START, {FIRST: 2})
    assert (await effects(engine), await standing(engine)) == (1, {FIRST: 5, SECOND: 3})


async def test_one_partition_of_another_owner_s_costs_the_whole_batch(engine: AsyncEngine) -> None:
    await apply(engine, START, {SECOND: 3})
    with pytest.raises(Superseded):
        await apply(engine, START, {FIRST: 5, SECOND: 3})
    assert (await effects(engine), await standing(engine)) == (1, {FIRST: 0, SECOND: 3})


async def test_of_owners_that_apply_a_batch_at_once_one_does(engine: AsyncEngine) -> None:
    to = {SECOND: 4, FIRST: 7}
    ended = await asyncio.gather(*(apply(engine, START, to) for _ in range(4)), return_exceptions=True)
    assert [type(one) for one in ended if one is not None] == [Superseded] * 3
    assert (await effects(engine), await standing(engine)) == (1, to)


async def test_a_partition_that_was_never_placed_is_nobody_s(engine: AsyncEngine) -> None:
    nowhere = TopicPartition(JOURNAL.name, 9)
    with pytest.raises(Superseded):
        await apply(engine, {nowhere: 0}, {nowhere: 1})
    assert await effects(engine) == 0
