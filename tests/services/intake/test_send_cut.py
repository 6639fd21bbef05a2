"""`infoparquet send` over a bad line: what was cut goes on where it was, in the same run or the next, and a file that
changes meanwhile is not sent.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from cli.faults.detour import Cut, Detour
from cli.faults.plan import DOWN, UP, Way
from cli.session import Connection
from cli.uploading import Uploads
from deploy.local.ports import free_ports
from tests.processes import ROOT, until
from tests.services.intake.builders import a_procedure
from tests.services.intake.conftest import DREAL, Intake
from tests.services.intake.sending import announced, run, written

# Much more than what is on its way between two sockets.
SIZE = 48 * 1024 * 1024


@dataclass
class Road:
    """The way to intake, and a file to be sent on it."""

    intake: Intake
    detour: Detour
    folder: Path
    objects: Path

    @property
    def large(self) -> Path:
        return self.folder / "large.bin"

    @property
    def line(self) -> Path:
        return self.folder / "p.ndjson"

    def cut(self, way: Way) -> None:
        self.detour.cut(Cut(way, frozenset({UP, DOWN}), lambda _near, _far: True))

    async def under_way(self) -> Any:
        """The document, once some of its bytes have come."""

        async def found() -> Any:
            rows = await self.intake.rows("SELECT id FROM documents")
            begun = [row.id for row in rows if any(one.stat().st_size for one in self.objects.rglob(f"{row.id}/*"))]
            return begun[0] if begun else None

        return await until(found)

    async def kept(self) -> int:
        """How many bytes of it count, once some do."""

        async def counted() -> int:
            ((size,),) = await self.intake.rows("SELECT bytes FROM documents")
            return int(size)

        return await until(counted)

    async def arrived_whole_from(self, kept: int, document: Any) -> None:
        """It is one document, as it was, attached, and nothing of it was sent again."""
        ((one, attached),) = await self.intake.rows("SELECT id, procedure_id IS NOT NULL FROM documents")
        assert (one, attached) == (document, True)
        starts = {row.start for row in await self.intake.rows("SELECT start FROM document_parts")}
        assert 0 < kept < SIZE
        assert kept in starts
        content = (await self.intake.get(f"/v1/documents/{document}", DREAL)).content
        assert content == self.large.read_bytes()
        assert await self.intake.count("procedures") == 1


@pytest.fixture
async def road(intake: Intake, run_file: Path, object_folder: Path) -> AsyncIterator[Road]:
    run = json.loads((run_file / "run.json").read_text())
    (port,) = free_ports(1)
    async with Detour(port, httpx.URL(run["services"]["intake"]["url"]).port or 0) as detour:
        run["services"]["intake"]["url"] = f"http://127.0.0.1:{port}"
        (run_file / "run.json").write_text(json.dumps(run))
        one = Road(intake, detour, run_file, object_folder)
        one.large.write_bytes(os.urandom(SIZE))
        written(run_file, one.line.name, json.dumps(a_procedure(files=[one.large.name])))
        yield one


async def test_what_was_cut_goes_on_where_it_was(road: Road) -> None:
    road.cut(Way.DELAYED)
    sending = asyncio.create_task(run(road.line, "--data", road.folder, "--json"))
    document = await road.under_way()
    road.cut(Way.DROPPED)
    kept = await road.kept()
    road.detour.mend()
    result = await sending
    assert result.exit_code == 0, result.output
    await road.arrived_whole_from(kept, document)


async def test_patience_begins_with_the_cut(road: Road) -> None:
    connection = Connection(DREAL, road.folder / "run.json")
    road.cut(Way.DELAYED)
    async with httpx.AsyncClient(base_url=connection.address("intake")) as client:
        begun = monotonic()
        upload = Uploads(client, connection, patience=2.0).upload(announced(road.large), lambda _: None)
        sending = asyncio.create_task(upload)
        document = await road.under_way()
        assert monotonic() - begun > 2
        road.cut(Way.DROPPED)
        await road.kept()
        road.detour.mend()
        assert await sending == document


async def test_a_run_that_is_killed_is_gone_on_with_by_the_next(road: Road) -> None:
    road.cut(Way.DELAYED)
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli.main", "send", str(road.line), "--data", str(road.folder), cwd=ROOT
    )
    document = await road.under_way()
    killed.kill()
    await killed.wait()
    road.detour.mend()
    kept = await road.kept()
    result = await run(road.line, "--data", road.folder, "--json")
    assert result.exit_code == 0, result.output
    await road.arrived_whole_from(kept, document)


def overwritten(large: Path) -> None:
    with large.open("r+b") as file:
        file.seek(SIZE - 16)
        file.write(b"0123456789abcdef")


def shortened(large: Path) -> None:
    os.truncate(large, SIZE - 1)


@pytest.mark.parametrize(("change", "said"), [(overwritten, "a changé pendant"), (shortened, "a raccourci pendant")])
async def test_a_file_that_changes_meanwhile_is_not_sent(road: Road, change: Callable[[Path], None], said: str) -> None:
    road.cut(Way.DELAYED)
    sending = asyncio.create_task(run(road.line, "--data", road.folder))
    await road.under_way()
    change(road.large)
    road.detour.mend()
    result = await sending
    assert result.exit_code == 1
    assert "Ligne 1 /files/0 : « large.bin » : ce fichier" in result.stderr
    assert said in result.stderr
    assert await road.intake.count("procedures") == 0
