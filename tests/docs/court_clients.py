"""The two clients of `docs/tribunals.md`, run as they stand in the page."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.docs.statuses_page import PAGE

TRIBUNALS = PAGE.with_name("tribunals.md")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TRIBUNALS.read_text("utf-8"), flags=re.DOTALL)


@asynccontextmanager
async def client(kafka: str, court: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The page's client in Python."""
    (program,) = blocks("python")
    environment = {"TRIBUNAL": court, "KAFKA": kafka, "SEEN": str(folder / "seen.db")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env=os.environ | environment, cwd=folder
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def script(kafka: str, court: str, folder: Path) -> None:
    """The page's script, to its end."""
    (program,) = blocks("bash")
    environment = {"TRIBUNAL": court, "KAFKA": kafka, "SEEN": str(folder / "seen.txt")}
    process = await asyncio.create_subprocess_exec("bash", "-c", program, env=os.environ | environment, cwd=folder)
    assert await asyncio.wait_for(process.wait(), 60) == 0
