"""Who asks right after the acceptance is answered as soon as the facts are there, by whichever replica reads them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio

from chassis.doorbell import Doorbell, first_found
from services.query import store
from services.query.store import procedures
from services.query.timeline import Procedure
from tests.contracts.builders import BORDEAUX
from tests.services.in_process import InProcess
from tests.services.query.conftest import PATIENCE
from tests.services.query.histories import a_submission, said, until_delivery

# Longer than a test may take: nothing but the bell ends the wait.
LONG = 60.0


@pytest_asyncio.fixture
async def another_replicas_bell(query: InProcess) -> AsyncIterator[Doorbell]:
    """The bell of a second process, both listening."""
    bell = Doorbell(query.running.engine, "facts_applied")
    carriers = [asyncio.create_task(one.run()) for one in (bell, query.running.facts_applied)]
    yield bell
    for carrier in carriers:
        carrier.cancel()
    await asyncio.gather(*carriers, return_exceptions=True)


class Asking:
    """A look that tells when it has been made."""

    def __init__(self, query: InProcess, procedure: UUID) -> None:
        self.query = query
        self.procedure = procedure
        self.looked = asyncio.Event()

    async def look(self) -> Procedure | None:
        async with self.query.running.engine.connect() as connection:
            found = await store.find(connection, procedures.c.id == self.procedure)
        self.looked.set()
        return found


async def test_a_commit_wakes_who_waits(query: InProcess) -> None:
    (submitted,) = said(a_submission())
    asking = Asking(query, submitted.subject)
    answer = asyncio.create_task(first_found(query.running.facts_applied, asking.look, LONG, look_again=LONG))
    async with asyncio.timeout(60):
        await asking.looked.wait()
        await query.read(submitted)
        found = await answer
    assert found is not None
    assert found.id == submitted.subject


async def test_a_commit_in_another_replica_wakes_who_waits(query: InProcess, another_replicas_bell: Doorbell) -> None:
    (submitted,) = said(a_submission())
    asking = Asking(query, submitted.subject)
    answer = asyncio.create_task(first_found(query.running.facts_applied, asking.look, LONG, look_again=LONG))
    async with asyncio.timeout(60):
        await asking.looked.wait()
        async with query.running.transactions.begin() as transaction:
            await query.apply(transaction, [submitted])
        # Only the other bell rings; where it still is connecting, nobody hears it, and it is rung again.
        while not answer.done():
            another_replicas_bell.ring()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(answer), 0.2)
    assert answer.result() is not None


async def test_a_lost_ring_costs_no_more_than_the_next_look(query: InProcess) -> None:
    (submitted,) = said(a_submission())
    asking = Asking(query, submitted.subject)
    answer = asyncio.create_task(first_found(query.running.facts_applied, asking.look, LONG, look_again=0.05))
    async with asyncio.timeout(60):
        await asking.looked.wait()
        async with query.running.transactions.begin() as transaction:
            await query.apply(transaction, [submitted])
        assert await answer is not None


@pytest.mark.parametrize("patience", [LONG])
async def test_a_status_and_a_number_asked_for_before_the_facts_are_read_are_answered(query: InProcess) -> None:
    events = said(*until_delivery())
    paths = [f"/v1/procedures/{events[0].subject}", "/v1/procedures/2026-00000042-26"]
    asking = [asyncio.create_task(query.get(path)) for path in paths]
    await query.read(*events)
    assert [(await answer).status_code for answer in asking] == [200, 200]


@pytest.mark.parametrize("patience", [LONG])
async def test_a_court_asking_before_its_delivery_is_read_waits_for_it(query: InProcess) -> None:
    *before, delivered = said(*until_delivery())
    await query.read(*before)
    asking = asyncio.create_task(query.get(f"/v1/procedures/{delivered.subject}", f"tribunal:{BORDEAUX}"))
    await query.read(delivered)
    assert (await asking).json()["status"] == "delivered"


async def test_the_wait_is_as_long_for_anothers_procedure_as_for_none(query: InProcess) -> None:
    events = said(*until_delivery())
    await query.read(*events)
    for which in (events[0].subject, "0192f0c1-0000-7000-8000-000000000000", "2026-00000042-26", "2026-00000043-25"):
        start = time.monotonic()
        answer = await query.get(f"/v1/procedures/{which}", "administration:dreal-64")
        assert answer.status_code == 404
        assert time.monotonic() - start >= PATIENCE
