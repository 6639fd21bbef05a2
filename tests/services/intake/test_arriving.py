"""A body is cut into parts as it comes: what came is handed on in time, and nothing of what comes later is lost."""

import asyncio
from collections.abc import AsyncIterator

from services.intake.arriving import Arriving


async def test_a_part_of_a_line_that_falls_silent_ends_in_time_and_the_next_goes_on_where_it_was() -> None:
    heard = asyncio.Event()

    async def stream() -> AsyncIterator[bytes]:
        yield b"first"
        await heard.wait()
        yield b"second"

    arriving = Arriving(stream(), most=100, handful=100, part_seconds=0.05)
    async with asyncio.timeout(30):
        assert await arriving.more()
        assert [handful async for handful in arriving.part()] == [b"first"]
        heard.set()
        assert await arriving.more()
        assert [handful async for handful in arriving.part()] == [b"second"]
        assert not await arriving.more()
    assert arriving.broken is None
    arriving.close()


async def test_one_that_gives_way_while_it_is_waited_for_ends_with_what_came() -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    arriving = Arriving(stream(), most=100, handful=100)
    async with asyncio.timeout(30):
        assert await arriving.more()
        part = asyncio.ensure_future(anext(arriving.part()))
        giving_way = asyncio.create_task(arriving.give_way())
        assert await part == b"first"
        assert not await arriving.more()
        arriving.close()
        await giving_way
