"""A ring is heard in every process, and again after the database was away."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import open_engine
from chassis.doorbell import Doorbell
from deploy.local.folders import fresh_folder
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from tests.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Postgres]:
    """One that these tests may kill."""
    folder = fresh_folder()
    (port,) = free_ports(1)
    async with Postgres(folder / "postgres", port) as postgres:
        yield postgres
    shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def a_process(server: Postgres) -> AsyncIterator[tuple[Doorbell, AsyncEngine]]:
    """A doorbell as another process has it: on an engine of its own."""
    engine = open_engine(await server.create_database("infoparquet_bells"), name="tests", connections=3)
    bell = Doorbell(engine, "tests")
    running = asyncio.create_task(bell.run())
    try:
        yield bell, engine
        assert not running.done(), "the bell has given up"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.dispose()


async def heard(ringing: Doorbell, listening: Doorbell) -> None:
    """Wait until a ring of one reaches the other."""
    with listening.listening() as rung:

        async def answered() -> bool:
            ringing.ring()
            return rung.is_set()

        await until(answered, what="heard")


async def test_a_ring_reaches_who_listens_in_another_process(server: Postgres) -> None:
    async with a_process(server) as (first, _), a_process(server) as (second, _):
        await heard(first, second)
        await heard(second, first)


async def test_a_ring_wakes_its_own_process_at_once_and_without_the_database() -> None:
    engine = open_engine("postgresql://nobody@127.0.0.1:9/none", name="tests")
    bell = Doorbell(engine, "tests")
    with bell.listening() as one, bell.listening() as other:
        bell.ring()
        assert one.is_set()
        assert other.is_set()
        one.clear()
    bell.ring()
    assert not one.is_set(), "who has stopped listening is left alone"
    await engine.dispose()


async def end_sessions(server: Postgres) -> None:
    """Every session of the bells' database, from outside."""
    engine = open_engine(server.superuser_url, name="tests", connections=1)
    async with engine.begin() as connection:
        ending = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'infoparquet_bells'"
        await connection.execute(text(ending))
    await engine.dispose()


async def test_a_lost_connection_recovers_and_wakes_who_may_have_missed_a_ring(server: Postgres) -> None:
    async with a_process(server) as (first, _), a_process(server) as (second, _):
        await heard(first, second)
        with second.listening() as rung:
            await end_sessions(server)
            await asyncio.wait_for(rung.wait(), 60)
        await heard(first, second)


async def test_it_survives_the_databases_death_and_start(server: Postgres) -> None:
    async with a_process(server) as (first, _), a_process(server) as (second, _):
        await heard(first, second)
        await server.kill()
        first.ring()
        await server.start()
        await heard(first, second)


async def test_connections_do_not_pile_up_when_they_are_lost_again_and_again(server: Postgres) -> None:
    async with a_process(server) as (bell, engine):
        for _ in range(2):
            await heard(bell, bell)
            await end_sessions(server)
        with bell.listening() as rung:
            bell.ring()
            await asyncio.wait_for(rung.wait(), 60)

        async def usable() -> bool:
            # The pool may still hand out one that was lost.
            with suppress(DBAPIError):
                async with engine.connect() as connection:
                    return (await connection.execute(text("SELECT 1"))).scalar() == 1
            return False

        await until(usable, what="a connection")
