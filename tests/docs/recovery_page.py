"""The commands of `docs/recovery.md`, run as they stand in the page."""

import asyncio
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.postgres_install import installation_for
from tests.docs.statuses_page import PAGE

RECOVERY = PAGE.with_name("recovery.md")


def commands(title: str) -> list[str]:
    """The blocks of the part of the page under that heading, up to the next one."""
    page, heading = RECOVERY.read_text("utf-8"), re.escape(title)
    (part,) = re.findall(rf"^##+ {heading}\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE)
    return re.findall(r"^```sh\n(.*?)^```", part, re.DOTALL | re.MULTILINE)


async def run(block: str, folder: Path, told: Mapping[str, str], *, seconds: float = 240) -> str:
    """What a block writes; it must end well."""
    programs = installation_for(folder / "postgres").programs
    path = os.pathsep.join([str(Path(sys.executable).parent), str(programs), os.environ["PATH"]])
    process = await asyncio.create_subprocess_exec(
        "bash", "-euc", block, env={**os.environ, **told, "PATH": path}, cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), seconds)
    assert process.returncode == 0, f"{block}\n{output.decode()}{errors.decode()}"
    return output.decode()
