"""The data folder of a run: one run at a time, and who has it is known even to a run that is refused."""

import asyncio
import fcntl
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from deploy.local.failures import StackError

# A run that was killed a moment ago may not have let go of it yet.
_GRACE = 1.0


class DataFolder:
    """Held from `hold` to `release`; the kernel lets go of it for a process that is killed."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._file: IO[str] | None = None

    async def hold(self) -> None:
        """Makes it where it is missing. Raises StackError, naming who has it."""
        file = self._opened()
        deadline = time.monotonic() + _GRACE
        while not _locked(file):
            if time.monotonic() > deadline:
                file.seek(0)
                raise self._taken(file.read())
            await asyncio.sleep(0.05)
        file.truncate(0)
        since = datetime.now(UTC).isoformat("T", "seconds")
        file.write(json.dumps({"pid": os.getpid(), "since": since}))
        file.flush()
        self._file = file

    def release(self) -> None:
        """For the next run."""
        if self._file:
            self._file.close()
            self._file = None

    def _opened(self) -> IO[str]:
        try:
            if not self.path.is_dir():
                self.path.mkdir(parents=True)
                # Whatever the umask: the account that PostgreSQL runs as under root crosses it, and may not list it.
                self.path.chmod(0o711)
            return (self.path / "lock").open("a+")
        except OSError as error:
            raise StackError(
                f"Le dossier {self.path} ne peut pas servir",
                why=error.strerror or str(error),
                remedy="En choisir un autre par --data.",
            ) from error

    def _taken(self, holder: str) -> StackError:
        try:
            known = json.loads(holder)
            who = f"le processus {known['pid']}, depuis {known['since']}"
        except (ValueError, KeyError, TypeError):
            who = "elle n’a pas encore dit son nom"
        return StackError(
            f"Le dossier {self.path} est utilisé par une autre exécution",
            why=who,
            remedy="L’arrêter d’abord, ou choisir un autre dossier par --data (et d’autres ports par --port-base).",
        )


def is_held(path: Path) -> bool:
    """Whether a run has that data folder now."""
    try:
        with (path / "lock").open() as file:
            return not _locked(file, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _locked(file: IO[str], how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
