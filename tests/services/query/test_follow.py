"""`infoparquet follow` against the service over real HTTP."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
import uvicorn

from deploy.local.ports import free_ports
from tests.contracts import builders
from tests.contracts.builders import URGENT
from tests.services.in_process import InProcess
from tests.services.query.histories import a_submission, said, until_delivery
from tests.services.query.listening import listening

ROOT = Path(__file__).parents[3]
COMMAND = "import typer; from cli.follow import follow; typer.run(follow)"


@pytest_asyncio.fixture
async def address(query: InProcess) -> AsyncIterator[str]:
    """The service, listening."""
    async with listening(query.running, query.issuer) as streams:
        yield streams.url


async def following(
    query: InProcess, address: str, *words: str, organisation: str = "operator"
) -> asyncio.subprocess.Process:
    """The command, running."""
    system = ["--url", address, "--token", query.issuer.token(organisation)]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMAND, *words, *system, cwd=ROOT, env={**os.environ, "NO_COLOR": "1"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, preexec_fn=heeding_ctrl_c,
    )  # fmt: skip


def heeding_ctrl_c() -> None:
    """As in a terminal: whatever a shell runs behind itself ignores it, tests included."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    """Its exit code, and what it wrote."""
    async with asyncio.timeout(90):
        written, complained = await process.communicate()
    return process.returncode, written.decode(), complained.decode()


async def test_what_is_known_is_written_in_french_with_the_proof_of_the_delivery(
    query: InProcess, address: str
) -> None:
    await query.read(*said(*until_delivery(a_submission(urgency=URGENT)), builders.overdue("tj75056")))
    code, written, _ = await ended(await following(query, address, "2026-00000042-26", "--once"))
    assert code == 0
    assert written.splitlines()[0] == (
        "Procédure DREAL33-2026-00042 (dreal-33) – URGENTE : prescription proche, avant le 20/12/2026"
    )
    assert written.splitlines()[4:] == [
        (
            "23/11/2026 10:03:00  Remise au tribunal judiciaire de Bordeaux"
            " – preuve : infoparquet.tribunal.tj33063.v1, partition 0, position 7"
        ),
        (
            "23/11/2026 10:04:00  Sans prise en charge au terme du délai, le 23/11/2026 à 10:00 (heure de Paris)"
            " – sans effet : ce tribunal n’était pas saisi"
        ),
    ]


async def test_facts_are_written_as_json_while_they_come_until_the_procedure_is_closed(
    query: InProcess, address: str
) -> None:
    events = said(*until_delivery(), builders.registered(), builders.closed())
    await query.read(*events[:2])
    process = await following(query, address, str(events[0].subject), "--json")
    assert process.stdout is not None
    async with asyncio.timeout(90):
        first = [json.loads(await process.stdout.readline()) for _ in range(2)]
        await query.read(*events[2:])
    code, rest, _ = await ended(process)
    assert code == 0
    entries = [*first, *map(json.loads, rest.splitlines())]
    assert [entry["id"] for entry in entries] == [str(event.id) for event in events]


async def test_it_goes_on_where_it_was_when_the_service_is_back(query: InProcess) -> None:
    events, (port,) = said(*until_delivery(), builders.registered(), builders.closed()), free_ports(1)
    await query.read(*events[:2])
    async with listening(query.running, query.issuer, port) as streams:
        process = await following(query, streams.url, str(events[0].subject), "--json")
        assert process.stdout is not None
        async with asyncio.timeout(90):
            first = [json.loads(await process.stdout.readline()) for _ in range(2)]
            await query.read(events[2])
            first.append(json.loads(await process.stdout.readline()))
    await query.read(*events[3:-1])
    async with asyncio.timeout(90):
        assert process.stderr is not None
        assert "ne répond plus" in (await process.stderr.readline()).decode()
    async with listening(query.running, query.issuer, port):
        await query.read(events[-1])
        code, rest, _ = await ended(process)
    entries = [*first, *map(json.loads, rest.splitlines())]
    assert (code, [entry["id"] for entry in entries]) == (0, [str(event.id) for event in events])


async def test_a_service_without_streams_is_asked_again_and_it_is_said(query: InProcess) -> None:
    events, (port,) = said(*until_delivery(), builders.registered(), builders.closed()), free_ports(1)
    await query.read(*events[:2])

    async def without_streams(scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "").replace("/stream", "/unknown")
        await query.running.app({**scope, "path": path}, receive, send)

    server = uvicorn.Server(uvicorn.Config(without_streams, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    process = await following(query, f"http://127.0.0.1:{port}", str(events[0].subject), "--json")
    assert process.stderr is not None
    async with asyncio.timeout(90):
        while b"pas de flux" not in await process.stderr.readline():
            pass
    await query.read(*events[2:])
    code, written, _ = await ended(process)
    assert (code, len(written.splitlines())) == (0, len(events))
    server.should_exit = True
    await serving


async def test_a_court_that_declined_is_told_so_and_the_command_ends(query: InProcess, address: str) -> None:
    events = said(*until_delivery(), builders.declined())
    await query.read(*events[:-1])
    process = await following(query, address, str(events[0].subject), organisation="tribunal:tj33063")
    assert process.stdout is not None
    async with asyncio.timeout(90):
        for _ in events:
            await process.stdout.readline()
    await query.read(events[-1])
    code, written, complained = await ended(process)
    assert (code, len(written.splitlines())) == (0, 1)
    assert "n’est plus saisi" in complained


async def test_ctrl_c_ends_it_as_asked(query: InProcess, address: str) -> None:
    (submitted,) = said(a_submission())
    await query.read(submitted)
    process = await following(query, address, str(submitted.subject))
    assert process.stdout is not None
    async with asyncio.timeout(90):
        await process.stdout.readline()
        await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert (await ended(process))[0] == 0


async def test_an_unknown_procedure_is_said_to_be_and_fails(query: InProcess, address: str) -> None:
    code, written, complained = await ended(await following(query, address, "2026-00000043-25"))
    assert (code, written) == (1, "")
    assert "Aucune procédure" in complained


async def test_a_system_that_does_not_answer_is_named(query: InProcess) -> None:
    code, _, complained = await ended(await following(query, "http://127.0.0.1:9", "2026-00000043-25"))
    assert code == 1
    assert "ne répond pas" in complained
