"""kill -9 of what a sender depends on while it sends: what was accepted arrives, once, in order.

The other parts are the campaign's (`docs/faults.md`).
"""

import asyncio
import os
import signal
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from infoparquet_contracts.topics import JOURNAL

from tests import audit
from tests.processes import until
from tests.system.conftest import System
from tests.system.sending import a_file

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINES = 60
PARTS = ("intake", "kafka", "postgres", "supervisor")


@pytest.mark.parametrize("part", PARTS)
async def test_what_was_accepted_arrives_once_when_a_part_is_killed(system: System, part: str, tmp_path: Path) -> None:
    file = a_file(tmp_path, f"killed-{part}", lines=LINES)
    sending = asyncio.create_task(system.send(file))
    await until(lambda: begun(system), what="some of the file on the journal")
    os.kill(system.pid(part), signal.SIGKILL)
    if part == "supervisor":
        assert system.process is not None
        await system.process.wait()
        await system.up()

    ids = await asyncio.wait_for(sending, 90)
    assert len(set(ids)) == LINES
    system.accepted += ids
    await audit.arrived(system.run_file["kafka"], ids, seconds=90)
    await audit.audit(system.run_file["kafka"], system.accepted)
    assert await system_agrees(system, ids)


async def begun(system: System) -> bool:
    """Whether new procedures have reached the journal."""
    journal = await audit.read(system.run_file["kafka"], JOURNAL)
    return len({event.subject for _, event in journal}) > len(system.accepted)


async def system_agrees(system: System, ids: list[UUID]) -> bool:
    """The view shows each of them delivered."""
    headers = system.token("administration:dreal-33")
    async with httpx.AsyncClient(base_url=system.url("query"), headers=headers, timeout=30) as client:

        async def all_shown() -> bool:
            try:
                answers = [await client.get(f"/v1/procedures/{one}") for one in ids]
            except httpx.TransportError:
                return False
            return all(answer.status_code == 200 and answer.json()["status"] == "delivered" for answer in answers)

        return await until(all_shown, seconds=60, what="shown as delivered")
