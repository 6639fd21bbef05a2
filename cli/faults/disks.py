"""Small disks in memory for what the database and the broker's nodes write, which can be full and have room again.

They are mounted in a namespace of the campaign's own: nobody else sees them, and they end with it, however it ends.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from deploy.local.child import Child
from deploy.local.failures import StackError

_ROOM = 1 << 30
_HOLD = f"""
for folder; do mount -t tmpfs -o size={_ROOM},mode=0711 disk "$folder" || exit 1; done
exec sleep infinity
"""
_POLL = 0.05
_LIMIT_SECONDS = 10.0
_PRIVATE = ("--mount", "--propagation=private")
# Its own options, not those that /proc shows, which may name accounts that a namespace does not know.
_MOUNT = ("mount", "--options-source=disable")


class Disks:
    """One at each of `folders`, for what is started by `within`; open while its block lasts."""

    def __init__(self, folders: Sequence[Path], log: Path) -> None:
        self._folders = folders
        self._log = log
        self._holder: Child | None = None

    async def __aenter__(self) -> Self:
        """Raises StackError where this account may not mount."""
        command = ["unshare", *([] if _is_root() else ["--user", "--map-root-user"]), *_PRIVATE]
        self._holder = Child.start("unshare", [*command, "sh", "-c", _HOLD, "sh", *self._folders], log=self._log)
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                await self._until_mounted(self._holder)
        except TimeoutError as error:
            await self._holder.kill()
            raise _refused(self._holder) from error
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._holder:
            await self._holder.kill()

    def within(self, command: Sequence[str]) -> list[str]:
        """The same command, by the same account, where the disks are."""
        if _is_root():
            return [*self._enter(), *command]
        # People may mount where they are root; PostgreSQL, which refuses root, is to see their own account.
        own = ["unshare", "--user", f"--map-user={os.getuid()}", f"--map-group={os.getgid()}"]
        # The kernel forgets whose end ends a process that changes its namespace.
        return [*self._enter(), *own, "setpriv", "--pdeathsig=KILL", *command]

    def seen(self, folder: Path) -> Path:
        """Where a folder that may be on a disk is seen from outside."""
        return Path(f"/proc/{self._pid}/root{folder}")

    async def fill(self, folder: Path) -> None:
        """From now on nothing more can be written there."""
        while True:
            # What is in use may have grown in between.
            if await self._sized(folder, _used(self.seen(folder))):
                return
            await asyncio.sleep(_POLL)

    async def keep(self) -> None:
        """Copies what is on them to where everybody sees it; nobody writes any more."""
        for folder in self._folders:
            # An index that Kafka writes is mostly a hole.
            words = ("cp", "--archive", "--sparse=always", f"{self.seen(folder)}/.", str(folder))
            await (await asyncio.create_subprocess_exec(*words)).wait()

    async def mend(self, folder: Path) -> None:
        """There is room again."""
        await self._sized(folder, _ROOM)

    async def _until_mounted(self, holder: Child) -> None:
        while not all(_is_mounted(self.seen(folder)) for folder in self._folders):
            if not holder.running:
                raise _refused(holder)
            await asyncio.sleep(_POLL)

    async def _sized(self, folder: Path, size: int) -> bool:
        command = [*self._enter(), *_MOUNT, "-o", f"remount,size={size}", str(folder)]
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        return await process.wait() == 0

    def _enter(self) -> list[str]:
        user = [] if _is_root() else ["--user", "--preserve-credentials"]
        return ["nsenter", f"--target={self._pid}", *user, "--mount", f"--wd={Path.cwd()}"]

    @property
    def _pid(self) -> int:
        if self._holder is None:
            raise RuntimeError("the disks were never mounted")
        return self._holder.pid


def _is_root() -> bool:
    return os.geteuid() == 0


def _is_mounted(folder: Path) -> bool:
    return folder.is_mount()


def _used(folder: Path) -> int:
    room = os.statvfs(folder)
    # Of size 0 is one without a limit.
    return max(1, (room.f_blocks - room.f_bfree) * room.f_frsize)


def _refused(holder: Child) -> StackError:
    return StackError(
        "Aucun disque à remplir",
        why=holder.last_words(1),
        remedy="Lancer la commande en root, ou permettre les espaces de noms (unshare) aux comptes ordinaires.",
    )
