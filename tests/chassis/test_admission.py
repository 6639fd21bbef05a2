"""A crowd that brings large bodies comes in one after the other, and others pass by it."""

import asyncio

import httpx
import pytest
from fastapi import APIRouter, Request
from starlette.types import Message, Receive, Scope, Send

from chassis.admission import APART, Admission
from tests.chassis.application import bare_app

CROWD = 12


@pytest.fixture
def came() -> list[tuple[str, float]]:
    """Which requests the routes saw, and when."""
    return []


@pytest.fixture
def client(came: list[tuple[str, float]]) -> httpx.AsyncClient:
    router = APIRouter()

    async def route(request: Request) -> None:
        came.append((request.url.path, asyncio.get_running_loop().time()))

    for path in ("/pieces", "/words"):
        router.add_api_route(path, route, methods=["POST"])
    return httpx.AsyncClient(transport=httpx.ASGITransport(bare_app(router)), base_url="http://service.example")


async def test_a_crowd_comes_in_apart(client: httpx.AsyncClient, came: list[tuple[str, float]]) -> None:
    await asyncio.gather(*(client.post("/pieces") for _ in range(CROWD)))
    # A turn is a time of the clock: one that is late does not put off the next one.
    assert came[-1][1] - came[0][1] > (CROWD - 2) * APART


async def test_whoever_brings_none_passes_by(client: httpx.AsyncClient, came: list[tuple[str, float]]) -> None:
    crowd = [asyncio.create_task(client.post("/pieces")) for _ in range(CROWD)]
    await client.post("/words")
    await asyncio.gather(*crowd)
    assert [path for path, _ in came].index("/words") < CROWD


async def test_whoever_comes_alone_does_not_wait() -> None:
    seen = list[str]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["path"])

    admission, scope = Admission(app, unlimited=["/pieces"]), {"type": "http", "path": "/pieces"}
    with pytest.raises(StopIteration):
        admission(scope, nothing_comes, nothing_goes).send(None)
    assert seen == ["/pieces"]


async def nothing_comes() -> Message:
    raise AssertionError


async def nothing_goes(message: Message) -> None:
    raise AssertionError(message)
