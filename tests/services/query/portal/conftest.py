"""The portal as people meet it: on a port, before real services, with an issuer where one chooses who to be."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from chassis.migration import migrate
from deploy.local.http_process import HttpProcess
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from deploy.local.tokens import TokenMaker
from tests.answers.world import SERVICES, Built, World, build_one, open_world
from tests.processes import until
from tests.services.imports import working
from tests.services.issuer import Issuer
from tests.services.query.portal.people import Portal

NAMES = ("intake", "numbering", "routing", "notify", "query")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def token_maker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TokenMaker]:
    """Of the development issuer, which runs as `infoparquet up` starts it."""
    folder, (port,) = tmp_path_factory.mktemp("issuer"), free_ports(1)
    command = [sys.executable, "-m", "deploy.local.issuer", "--data", str(folder), "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    async with HttpProcess("issuer", command, url=url, log=folder / "issuer.log", environment=os.environ):
        yield TokenMaker.open(folder, url)


@pytest.fixture(scope="session")
def local_issuer(token_maker: TokenMaker) -> Issuer:
    """The same, for programs."""
    return Issuer(token_maker.issuer, token_maker.key)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def portal_databases(postgres_server: Postgres) -> dict[str, str]:
    """The URL of each service's database."""
    urls = {}
    for name in NAMES:
        urls[name] = await postgres_server.create_database(f"infoparquet_portal_{name}")
        await migrate(urls[name], SERVICES[name].migrations)
    return urls


@pytest.fixture(scope="session")
def sockets() -> Iterator[dict[str, socket.socket]]:
    """Where each of the services listens, bound for the whole run: nobody else takes it."""
    with contextlib.ExitStack() as bound:
        yield {name: bound.enter_context(socket.create_server(("127.0.0.1", 0))) for name in NAMES}


@pytest.fixture(scope="session")
def ports(sockets: dict[str, socket.socket]) -> dict[str, int]:
    """The same, by their numbers."""
    return {name: one.getsockname()[1] for name, one in sockets.items()}


@pytest.fixture(scope="session")
def built(
    portal_databases: dict[str, str],
    token_maker: TokenMaker,
    local_issuer: Issuer,
    ports: dict[str, int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Built:
    """The services, built once."""
    urls = {f"{name}_url": f"http://127.0.0.1:{port}" for name, port in ports.items()}
    told = {"object_store_url": tmp_path_factory.mktemp("objects").as_uri()} | urls
    intake = {"client_id": "service.intake", "client_secret": token_maker.clients["service.intake"]}
    query = {"public_url": urls["query_url"], "traces_url": "https://traces.example/trace/{trace}"}
    own = {"query": query, "intake": intake}
    return {name: build_one(name, portal_databases[name], local_issuer, **told, **own.get(name, {})) for name in NAMES}


@pytest_asyncio.fixture
async def portal(built: Built, local_issuer: Issuer, sockets: dict[str, socket.socket]) -> AsyncIterator[Portal]:
    """The portal without a procedure yet; what one service says, the others read."""
    async with open_world(built, local_issuer) as world, _served(world, sockets), _flowing(world):
        async with world.services["query"].running.engine.begin() as connection:
            await connection.exec_driver_sql("TRUNCATE portal_sessions, portal_looks, saved_views")
        yield Portal(f"http://127.0.0.1:{sockets['query'].getsockname()[1]}", world, local_issuer)


@pytest_asyncio.fixture
async def live_portal(portal: Portal) -> AsyncIterator[Portal]:
    """The same, whose streams go on."""
    async with working(portal.world.services["query"].running):
        yield portal


@contextlib.asynccontextmanager
async def _served(world: World, sockets: dict[str, socket.socket]) -> AsyncIterator[None]:
    servers = {name: _server(world.services[name].running.app) for name in sockets}
    # Without its signals, whose handlers are the process's.
    serving = [asyncio.create_task(one._serve([sockets[name].dup()])) for name, one in servers.items()]  # noqa: SLF001

    async def started() -> bool:
        return all(one.started for one in servers.values())

    await until(started, what="listening")
    yield
    # Together: each ends some tenths of a second after it is asked to.
    for one in servers.values():
        one.should_exit = True
    await asyncio.gather(*serving)


def _server(app: FastAPI) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))


@contextlib.asynccontextmanager
async def _flowing(world: World) -> AsyncIterator[None]:
    """What a relay, Kafka and consumers do, as soon as a service has something to say."""
    over, bells = asyncio.Event(), [one.running.relay_bell for one in world.services.values()]

    async def flow() -> None:
        with contextlib.ExitStack() as listening:
            rung = [listening.enter_context(bell.listening()) for bell in bells]
            while not over.is_set():
                for one in rung:
                    one.clear()
                await world.rest()
                await _any_of(over, *rung)

    flowing = asyncio.create_task(flow())
    yield
    # Cut in the middle of a statement, a connection is confused.
    over.set()
    await flowing


async def _any_of(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(one.wait()) for one in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
