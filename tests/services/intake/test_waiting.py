"""`Prefer: wait`: the number in the same answer, through whichever replica reads it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from chassis.service import Service
from services.intake.waiting import wished_wait
from tests.services.intake.builders import a_procedure, numbered
from tests.services.intake.conftest import Intake, Settings, running
from tests.services.issuer import Issuer


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ([], 0),
        (["wait=5"], 5),
        (["WAIT = 5"], 5),
        (['wait="5"'], 5),
        (["respond-async, wait=5"], 5),
        (["respond-async", "wait=5; foo=bar"], 5),
        (["wait=2, wait=8"], 2),
        (["wait=999999"], 10),
        (["wait=-1"], 0),
        (["wait"], 0),
        (["wait=x, wait=3"], 3),
        (["await=5"], 0),
    ],
)
def test_the_wish_is_read_as_rfc_7240_says(prefer: list[str], seconds: int) -> None:
    assert wished_wait(prefer) == seconds


async def test_the_number_comes_in_the_same_answer(intake: Intake) -> None:
    posting = asyncio.create_task(intake.post(a_procedure(), key="k1", Prefer="wait=5"))
    (made,) = await intake.procedures(1)
    await intake.facts_arrive(numbered(made))
    answer = await posting
    assert answer.status_code == 201
    assert answer.json()["number"] == "2026-00000042-26"
    assert answer.headers["Preference-Applied"] == "wait=5"
    assert answer.headers["Location"] == answer.json()["status_url"]


@pytest.mark.measured
async def test_without_a_number_in_time_the_answer_is_202(intake: Intake) -> None:
    started = time.monotonic()
    answer = await intake.post(a_procedure(), key="k1", Prefer="wait=1")
    assert (answer.status_code, answer.json()["number"]) == (202, None)
    assert "Preference-Applied" not in answer.headers
    assert 0.9 < time.monotonic() - started < 3


@asynccontextmanager
async def carrying(intake: Intake) -> AsyncIterator[None]:
    """Its bell carries rings to and from other processes, as `serve` has it."""
    carrier = asyncio.create_task(intake.running.facts_applied.run())
    try:
        yield
    finally:
        carrier.cancel()
        await asyncio.gather(carrier, return_exceptions=True)


async def test_another_replica_that_reads_the_number_wakes_the_one_that_waits(
    intake: Intake, service: Service, told: Settings, issuer: Issuer
) -> None:
    async with running(service, told(), issuer) as other, carrying(intake), carrying(other):
        posting = asyncio.create_task(intake.post(a_procedure(), key="k1", Prefer="wait=10"))
        (made,) = await intake.procedures(1)
        await other.facts_arrive(numbered(made))
        assert (await posting).status_code == 201
