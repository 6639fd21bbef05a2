"""What a service has read and not applied: all of it, once, in the journal's order."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio

from chassis import set_aside
from chassis.clock import new_id
from chassis.database import open_engine
from chassis.set_aside import Reached
from tests.chassis.letters_world import Letters

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def world(chassis_database: str) -> AsyncIterator[Letters]:
    engine = open_engine(chassis_database, name="tests", connections=2)
    one = Letters(engine)
    await one.empty()
    yield one
    await engine.dispose()


async def offsets(world: Letters) -> list[int]:
    """Of all, page by page."""
    found: list[int] = []
    reached, more = Reached(), True
    while more:
        async with world.engine.connect() as connection:
            records, reached = await set_aside.page(connection, reached)
        found += [record.offset for record in records]
        more = bool(records)
    return found


def waits(world: Letters, procedure: UUID, count: int) -> None:
    world.write(procedure, fails=True)
    for _ in range(count):
        world.write(procedure)


async def test_letters_and_what_waits_behind_them_come_once_in_order_page_by_page(world: Letters) -> None:
    for _ in range(2):
        waits(world, new_id(), set_aside.MOST_AT_ONCE)
        world.write(new_id())
        await world.read()
    assert await offsets(world) == [place for place in range(204) if place not in (101, 203)]


async def test_what_was_decided_is_not_among_them(world: Letters) -> None:
    for _ in range(3):
        waits(world, new_id(), 1)
    await world.read()
    world.failing.clear()
    first, second, _ = await world.open_letters()
    await world.discard(first)
    await world.replay(second)
    assert await offsets(world) == [4, 5]
