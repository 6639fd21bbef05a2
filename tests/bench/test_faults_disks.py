"""The campaign's disks can be full and have room again, and nobody else sees them."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from cli.faults.disks import Disks
from deploy.local.failures import StackError


@pytest_asyncio.fixture
async def disks(tmp_path: Path) -> AsyncIterator[Disks]:
    """Two, in folders with names that break careless commands."""
    folders = [tmp_path / "un disque, d’été", tmp_path / "autre"]
    for folder in folders:
        folder.mkdir()
    try:
        async with Disks(folders, tmp_path / "disks.log") as mounted:
            yield mounted
    except StackError as refusal:
        pytest.skip(str(refusal))


def writes(disks: Disks, file: Path) -> bool:
    """Whether a program that was started where they are can write a little more."""
    command = disks.within(["sh", "-c", 'printf %4096d 1 >"$1"', "sh", str(file)])
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - fixed words


async def test_one_is_full_and_has_room_again_while_the_other_goes_on(disks: Disks, tmp_path: Path) -> None:
    full, other = tmp_path / "un disque, d’été", tmp_path / "autre"
    assert writes(disks, full / "before")
    await disks.fill(full)
    assert not writes(disks, full / "refused")
    assert writes(disks, other / "elsewhere")
    await disks.mend(full)
    assert writes(disks, full / "after")


async def test_what_they_hold_is_seen_outside_once_it_is_kept(disks: Disks, tmp_path: Path) -> None:
    folder = tmp_path / "autre"
    assert writes(disks, folder / "written")
    assert disks.seen(folder / "written").is_file()
    assert not (folder / "written").exists()
    await disks.keep()
    assert (folder / "written").is_file()


async def test_where_nothing_can_be_mounted_it_is_said_why(tmp_path: Path) -> None:
    missing = Disks([tmp_path / "nobody-made-it"], tmp_path / "disks.log")
    with pytest.raises(StackError) as refusal:
        await missing.__aenter__()
    assert refusal.value.why
