"""The commands of `docs/live.md`, run as they stand in the page."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.services.in_process import InProcess
from tests.services.query.histories import said
from tests.services.query.listening import Listening, listening
from tests.services.query.test_feed import OWNER, ROAD, told

PULL, FOLLOW, RESUME = re.findall(
    r"```sh\n(.*?)```", (Path(__file__).parents[3] / "docs/live.md").read_text("utf-8"), re.DOTALL
)[:3]


@asynccontextmanager
async def running(command: str, streams: Listening, **more: str) -> AsyncIterator[asyncio.StreamReader]:
    """What it writes; it is ended when the block is left."""
    given = {"QUERY": streams.url, "TOKEN": streams.issuer.token(OWNER), "NO_PROXY": "*", **more}
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", f"exec {command}", env={**os.environ, **given}, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            yield process.stdout
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def event_of(written: asyncio.StreamReader) -> dict[str, str]:
    lines = (await written.readuntil(b"\n\n")).decode().split("\n")
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith(":"))


@pytest.mark.skipif(not any(Path(folder, "curl").exists() for folder in os.get_exec_path()), reason="no curl here")
async def test_the_commands_pull_follow_and_resume(query: InProcess) -> None:
    events = said(*ROAD)
    async with listening(query.running, query.issuer) as streams:
        await query.read(*events[:2])
        async with running(PULL, streams) as written:
            pulled = json.loads(await written.read())
        assert [fact["id"] for fact in pulled["facts"]] == told(events[:2])
        async with running(FOLLOW, streams) as written:
            here = await event_of(written)
            assert (here["event"], here["id"]) == ("here", pulled["next"])
            await query.read(events[2])
            fact = await event_of(written)
        assert (fact["event"], json.loads(fact["data"])["id"]) == ("fact", str(events[2].id))
        await query.read(events[3])
        async with running(RESUME, streams, LAST=fact["id"]) as written:
            assert json.loads((await event_of(written))["data"])["id"] == str(events[3].id)
