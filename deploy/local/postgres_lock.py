"""The lock of a PostgreSQL that was killed, which the next one would believe as soon as its number belongs to anybody.

So it is after a reboot, and while the killed process waits to be reaped, for ever under an init that reaps nothing.
"""

from collections.abc import Iterator
from pathlib import Path


def drop_stale_lock(data: Path) -> None:
    """Removes the lock when nobody works in `data`: two servers on one folder would destroy it."""
    lock = data / "postmaster.pid"
    # A server and its sessions stand in their folder; another account's could not even enter it.
    if lock.exists() and data.resolve() not in _folders_stood_in():
        lock.unlink()


def _folders_stood_in() -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield (process / "cwd").readlink()
        except OSError:
            continue
