"""Kafka is lost whole, the databases are not: everything is said again into a new cluster, and goes on from there."""

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from infoparquet_contracts.topics import JOURNAL, tribunal_topic

from deploy.local.folders import fresh_folder
from tests import audit
from tests.docs.recovery_page import commands, run
from tests.processes import free_port_base, until
from tests.system.conftest import System
from tests.system.sending import a_file

BORDEAUX = "tj33063"
ONLY = ("--only", "intake,numbering,routing,query")


async def journal(system: System) -> dict[tuple[UUID, str], list[UUID]]:
    """What each service said of each procedure, in the order it stands there."""
    said: dict[tuple[UUID, str], list[UUID]] = {}
    for _, event in await audit.read(system.run_file["kafka"], JOURNAL):
        said.setdefault((event.subject, event.source), []).append(event.id)
    return said


def facts(said: Mapping[tuple[UUID, str], list[UUID]]) -> int:
    return sum(map(len, said.values()))


async def withdraw(system: System, procedure: UUID) -> UUID:
    """While the journal takes nothing; the id that the fact will have."""
    headers = system.token("administration:dreal-33") | {"Idempotency-Key": "withdrawn"}
    async with httpx.AsyncClient(base_url=system.url("intake"), headers=headers) as http:
        answer = await http.post(f"/v1/procedures/{procedure}/withdrawal", json={"reason": "duplicate"})
        return UUID(answer.raise_for_status().json()["id"])


async def views(system: System, ids: list[UUID]) -> list[dict[str, Any]]:
    """What their administration is shown of procedures, once it is all there."""
    async with httpx.AsyncClient(base_url=system.url("query"), headers=system.token("administration:dreal-33")) as http:

        async def delivered() -> list[dict[str, Any]]:
            found = [(await http.get(f"/v1/procedures/{one}")).json() for one in ids]
            return found if {one.get("status") for one in found} == {"delivered"} else []

        return await until(delivered, seconds=90, what="shown as delivered")


async def test_everything_is_said_again_into_a_new_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(os.environ, "INFOPARQUET_RECONCILE_AFTER", "PT1S")
    folder = fresh_folder()
    system = System(folder / ".infoparquet", free_port_base())
    back_up, restore = commands("The whole system of one machine")
    anew, compare, again = commands("The loss of the whole cluster")
    try:
        await system.up(*ONLY)
        *ids, gone = await system.send(a_file(tmp_path, "before", lines=2))
        await audit.arrived(system.run_file["kafka"], [*ids, gone], 90)
        said, shown = await journal(system), await views(system, ids)
        os.kill(system.pid("kafka"), signal.SIGSTOP)
        withdrawn = await withdraw(system, gone)
        await system.down()
        said[gone, "/services/intake"].append(withdrawn)
        for command in (back_up, restore):
            await run(command, folder, {})
        shutil.rmtree(system.data / "kafka")

        await system.up(*ONLY, "--new-cluster")
        assert await run(anew, folder, {}) == "Toutes les partitions sont à leur place.\n"
        await until(lambda: _holds(system, said), seconds=90, what="everything said again")
        more = await system.send(a_file(tmp_path, "after", lines=1))
        await audit.arrived(system.run_file["kafka"], more, 90)
        assert facts(await journal(system)) == facts(said) + len(("submitted", "numbered", "routed", "delivered"))
        assert await views(system, ids) == shown
        await run(compare, folder, {})
        await run(again, folder, {"COURT": BORDEAUX, "SINCE": "2026-01-01"})
        await until(lambda: _told(system, {*ids, *more}), seconds=60, what="told again")
    finally:
        await system.down()
        shutil.rmtree(folder, ignore_errors=True)


async def _holds(system: System, said: dict[tuple[UUID, str], list[UUID]]) -> bool:
    return await journal(system) == said


async def _told(system: System, procedures: set[UUID]) -> bool:
    """Whether the court's topic has each delivery."""
    found = await audit.read(system.run_file["kafka"], tribunal_topic(BORDEAUX))
    return {event.subject for _, event in found} == procedures
