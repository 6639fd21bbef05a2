"""ClamAV's real daemon with one signature of our own, that of the EICAR test file; it needs no network."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.ports import free_ports
from tests.processes import until

# Where Debian has it is on no ordinary user's PATH.
CLAMD = shutil.which("clamd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
needs_clamd = pytest.mark.skipif(CLAMD is None, reason="clamd is a Debian package: apt-get install clamav-daemon")

MB = 1_000_000
# In two halves, so that no scanner takes this file for an infected one.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
# What is not from ClamAV's own database is marked so.
SIGNATURE = "Test.Eicar.UNOFFICIAL"
LARGEST_STREAM, LARGEST_FILE = 12 * MB, 8 * MB


@dataclass(frozen=True)
class Clamd:
    """Both ways to it."""

    tcp: str
    unix: str


@asynccontextmanager
async def clamd(folder: Path) -> AsyncIterator[Clamd]:
    """It answers while the block lasts; `folder` is its own, with a short path."""
    assert CLAMD is not None
    (port,) = free_ports(1)
    path = folder / "clamd.ctl"
    database, temporary = folder / "database", folder / "temporary"
    for one in (database, temporary):
        one.mkdir(parents=True)
    (database / "test.ndb").write_text(f"Test.Eicar:0:*:{EICAR.hex()}\n")
    config = folder / "clamd.conf"
    config.write_text(
        f"Foreground yes\nLocalSocket {path}\nTCPSocket {port}\nTCPAddr 127.0.0.1\n"
        f"DatabaseDirectory {database}\nTemporaryDirectory {temporary}\n"
        f"StreamMaxLength {LARGEST_STREAM}\nMaxFileSize {LARGEST_FILE}\nMaxScanSize {LARGEST_FILE}\n"
        "AlertExceedsMax yes\n"
    )
    with (folder / "clamd.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(CLAMD, "-c", str(config), stdout=log, stderr=log)
    try:
        await until(lambda: _answers(path), what=f"a PONG, see {folder / 'clamd.log'}")
        yield Clamd(f"tcp://127.0.0.1:{port}", f"unix://{path}")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _answers(path: Path) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"zPING\0")
        answered = await reader.read(100)
        writer.close()
    except OSError:
        return False
    return answered == b"PONG\0"
