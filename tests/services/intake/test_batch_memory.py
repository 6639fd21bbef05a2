"""A batch of any length is taken in constant memory: lines are committed as they come, results spooled."""

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from tests.services.intake.builders import a_line
from tests.services.intake.conftest import Intake

LINES, LINES_A_PIECE = 20_000, 32
MIB = 1024 * 1024


def resident(name: str) -> int:
    """A figure of this process in bytes: `VmRSS` is held now, `VmHWM` was at most since it was reset."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) * 1024


def resident_from_now() -> int:
    """What is held now, and the most held counted anew."""
    Path("/proc/self/clear_refs").write_text("5")
    return resident("VmRSS")


async def pieces(lines: int) -> AsyncIterator[bytes]:
    padding = "x" * 2000
    for start in range(0, lines, LINES_A_PIECE):
        numbers = range(start, min(start + LINES_A_PIECE, lines))
        yield "".join(
            a_line(f"k{number}", reference=f"R-{number}", comment=padding) + "\n" for number in numbers
        ).encode()


async def sent(intake: Intake, lines: int) -> httpx.Response:
    headers = {"Content-Type": "application/x-ndjson"}
    return await intake.client.post("/v1/procedures:batch", content=pieces(lines), headers=headers, timeout=300)


async def test_twenty_thousand_lines_are_held_a_group_at_a_time(intake: Intake) -> None:
    await sent(intake, 1000)
    gc.collect()
    before = resident_from_now()
    answer = await sent(intake, LINES)
    assert answer.text.count('"status":202') == LINES
    # More than 50 MB came in and 2 MB went out; the client here keeps those 2, a few times over.
    assert resident("VmHWM") - before < 16 * MIB
