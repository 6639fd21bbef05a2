"""What a service has read and not applied: all of it, once, in the journal's order."""

import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from infoparquet_contracts.topics import DEAD_LETTERS, JOURNAL

from chassis import set_aside
from chassis.clock import new_id
from chassis.kept_records import offset_in_its_log
from chassis.replay import Done
from chassis.set_aside import Reached
from tests.chassis.letters_world import Letters, open_letters

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def world(chassis_database: str) -> AsyncIterator[Letters]:
    async with open_letters(chassis_database, 2) as one:
        yield one


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


async def test_those_of_one_place_in_one_log_after_another_stay_in_order_and_apart(world: Letters) -> None:
    for gone in range(3):
        waits(world, new_id(), gone)
        await world.read()
        world.journal.clear()
        world.position = 0
        async with world.transactions.begin() as transaction:
            await set_aside.leave(transaction.connection, TopicPartition(JOURNAL.name, 0), kept=0)
    assert [offset_in_its_log(one) for one in await offsets(world)] == [0, 0, 1, 0, 1, 2]
    world.failing.clear()
    for letter in await world.open_letters():
        await world.replay(letter)
    assert await world.do("SELECT count(*) FROM applied") == [(6,)]


async def test_what_fails_behind_a_letter_of_a_gone_log_becomes_one_at_the_place_that_it_had(world: Letters) -> None:
    procedure = new_id()
    facts = [world.write(procedure, fails=True) for _ in range(2)]
    await world.read()
    async with world.transactions.begin() as transaction:
        await set_aside.leave(transaction.connection, TopicPartition(JOURNAL.name, 0), kept=0)
    world.failing.remove(facts[0])
    (letter,) = await world.open_letters()
    assert isinstance(await world.replay(letter), Done)
    told = await world.do("SELECT value FROM outbox WHERE topic = :topic ORDER BY id", topic=DEAD_LETTERS.name)
    assert [json.loads(value)["offset"] for (value,) in told] == [0, 1]


async def test_a_log_that_only_ends_sooner_keeps_the_places_of_what_cannot_be_read(world: Letters) -> None:
    for _ in range(2):
        world.put(b"no procedure", b"{", ())
    await world.read()
    async with world.transactions.begin() as transaction:
        await set_aside.leave(transaction.connection, TopicPartition(JOURNAL.name, 0), kept=1)
    world.position = 0
    await world.read(1)
    assert [one for one in await offsets(world) if one >= 0] == [0]
    world.position = 1
    await world.read(1)
    assert [one for one in await offsets(world) if one >= 0] == [0, 1]
