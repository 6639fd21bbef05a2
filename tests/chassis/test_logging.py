"""A log line is JSON and holds no word of an exception, which may quote what people wrote."""

import json
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec

import pytest_asyncio

from tests.processes import ROOT

SENT = "Marie-Ange Untel"
# Logging is configured for a whole process, so another one does it.
FAILS = f"""
import logging
import structlog
from chassis.logging import configure_logging

configure_logging("tests")

def fails():
    try:
        raise ValueError("{SENT}")
    except ValueError as error:
        raise RuntimeError("{SENT}") from error

for log in (logging.getLogger("uvicorn.error"), structlog.get_logger()):
    try:
        fails()
    except RuntimeError as error:
        log.exception("by the current exception")
        log.error("by a given exception", exc_info=error)
logging.getLogger("some.library").warning("said %s", "so")
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lines() -> list[dict[str, object]]:
    """What that process logs."""
    process = await create_subprocess_exec(sys.executable, "-c", FAILS, cwd=ROOT, stdout=PIPE, stderr=PIPE)
    output, errors = await process.communicate()
    assert (process.returncode, output) == (0, b""), errors.decode()
    return [json.loads(line) for line in errors.splitlines()]


async def test_an_exception_is_logged_by_its_kind_and_place_alone(
    lines: list[dict[str, object]],
) -> None:
    assert SENT not in json.dumps(lines, ensure_ascii=False)
    failures = [line for line in lines if "exception" in str(line["event"])]
    assert len(failures) == 4
    for line in failures:
        assert line["exception"] == "RuntimeError"
        assert "fails" in str(line["raised_at"])


async def test_what_a_library_says_is_a_line_like_ours(lines: list[dict[str, object]]) -> None:
    assert (lines[-1]["event"], lines[-1]["level"]) == ("said so", "warning")
