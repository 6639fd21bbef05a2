"""The benchmark's client sends the same film each time, cut or not, and reads it back byte for byte."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cli.bench_measures import System, Unmeasured
from cli.documents.clients import Client
from cli.documents.crowd import all_at_once
from cli.documents.film import PIECE, Film
from tests.services.intake.conftest import DREAL, Intake, listening

FILM = Film(3 * PIECE + 17)


class Tokens:
    """The issuer's, as the benchmark has those of the stack."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def mint(self, organisation: str) -> str:
        return self._intake.issuer.bearer(organisation)["Authorization"].removeprefix("Bearer ")


@pytest.fixture
async def system(intake: Intake) -> AsyncIterator[System]:
    async with listening(intake.running.app) as url:
        tokens: Any = Tokens(intake)
        yield System({"services": {"intake": {"url": url}}}, tokens)


async def test_a_film_is_the_same_from_any_byte_on() -> None:
    whole = b"".join([piece async for piece in FILM.pieces()])
    assert (len(whole), hashlib.sha256(whole).digest()) == (FILM.size, FILM.sha256)
    for start, stop in ((0, 1), (PIECE - 1, PIECE + 1), (5, 3 * PIECE + 3), (FILM.size - 1, FILM.size)):
        assert b"".join([piece async for piece in FILM.pieces(start, stop)]) == whole[start:stop]


async def test_what_is_sent_at_once_or_cut_is_read_back(system: System) -> None:
    client = Client(system, FILM)
    for document, speed in (await client.post(), await client.upload(3)):
        assert speed > 0
        assert await client.read(document) > 0


async def test_another_film_is_found_out(system: System) -> None:
    document, _ = await Client(system, FILM).post()
    with pytest.raises(Unmeasured):
        await Client(system, Film(FILM.size + 1)).read(document)


async def test_a_crowd_is_answered(system: System) -> None:
    assert await all_at_once(system.url("intake"), system.tokens.mint(DREAL), 5, 100_000) == {"201": 5}
