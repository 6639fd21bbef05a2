"""A child process that cannot outlive its parent: the kernel kills it when the thread that started it ends.

Start children from a thread that lives as long as they should, in practice the event loop's.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from deploy.local.failures import StackError

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """A system account, by number."""

    uid: int
    gid: int


class Child:
    """One running process, its output in a file."""

    def __init__(self, process: subprocess.Popen[bytes], name: str, log: Path) -> None:
        self._process = process
        self._ended: asyncio.Task[int] | None = None
        self.name = name
        self.log = log

    @classmethod
    def start(
        cls,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        account: Account | None = None,
    ) -> Self:
        """`account` runs it as another user, which only root may ask for. Raises StackError."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            try:
                process = subprocess.Popen(  # noqa: S603 - the commands are this package's own
                    [os.fspath(word) for word in command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    cwd=folder,
                    # A terminal's Ctrl-C must reach the parent alone, which then stops its children in order.
                    start_new_session=True,
                    preexec_fn=_dying_with(os.getpid()),
                    user=account.uid if account else None,
                    group=account.gid if account else None,
                    extra_groups=[] if account else None,
                )
            except OSError as error:
                raise StackError(
                    f"Impossible de lancer {name}",
                    why=f"{command[0]} : {error.strerror or error}",
                    remedy="Vérifier que ce fichier existe et peut être exécuté.",
                ) from error
        return cls(process, name, log)

    @property
    def pid(self) -> int:
        """The number of the process, which stays its own until `wait` has answered."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    async def wait(self) -> int:
        """Its exit code, below 0 the signal that ended it."""
        if self._ended is None:
            self._ended = asyncio.create_task(_ended(self._process))
        return await asyncio.shield(self._ended)

    async def finished(self) -> int:
        """Its exit code; it is killed when nobody waits for it any longer."""
        try:
            return await self.wait()
        except asyncio.CancelledError:
            await self.kill()
            raise

    async def stop(self, how: signal.Signals = signal.SIGTERM, *, limit: float = 10.0) -> int:
        """Asks it to end, and kills it after `limit` seconds."""
        self.send(how)
        try:
            return await asyncio.wait_for(self.wait(), limit)
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int:
        """Ends it and whatever it started at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return await self.wait()

    def send(self, how: signal.Signals) -> None:
        """Sends a signal, in vain when it has ended."""
        self._process.send_signal(how)

    def last_words(self, lines: int = 12) -> str:
        """The end of its output, for a message about its failure."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _dying_with(parent: int) -> Callable[[], None]:
    # Loaded here, before the fork: between fork and exec nothing may wait for a lock.
    prctl = ctypes.CDLL(None).prctl

    def ask_for_the_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return ask_for_the_signal


async def _ended(process: subprocess.Popen[bytes]) -> int:
    if process.poll() is None:
        loop = asyncio.get_running_loop()
        exited = asyncio.Event()
        descriptor = os.pidfd_open(process.pid)
        loop.add_reader(descriptor, exited.set)
        try:
            await exited.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
    return process.wait()
