"""Reference data that a running service takes up when another version is put in force, without a restart.

What a service makes of them is made before it is swapped in, in a thread: no request waits for the reading, and none
sees half of two versions. A version that cannot be read is logged, and the one before stays.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import structlog

from reference.bundle import Reference, load, path_of
from reference.library import CURRENT
from reference.table import BrokenReference

log = structlog.get_logger()
T = TypeVar("T")

LOOK_EVERY: Final = 2.0
# A version that could not be read is tried again after this many seconds: the disk may have been away.
AGAIN_AFTER: Final = 60.0

# What tells one content of `current` from the next; None where there is no such file, as in a flat folder.
Mark = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class _State:
    """One version, and what each maker made of it."""

    reference: Reference
    made: tuple[Any, ...] = ()


class Live:
    """Raises BrokenReference when it is made. `derive` is for the time a service is put together."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._current = path_of(url) / CURRENT
        self._makers: list[Callable[[Reference], Any]] = []
        # Before the reading: what is put in force meanwhile is then noticed at the first look.
        self._seen = self._mark()
        self._again_at = float("inf")
        self._state = _State(load(url))

    @property
    def now(self) -> Reference:
        """The version in use."""
        return self._state.reference

    def derive(self, make: Callable[[Reference], T]) -> Callable[[], T]:
        """What `make` makes of the version in use: made at once, and once a version. Raises BrokenReference."""
        place = len(self._makers)
        self._makers.append(make)
        self._state = _State(self.now, (*self._state.made, make(self.now)))

        def made() -> T:
            return cast("T", self._state.made[place])

        return made

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if self._mark() != self._seen or time.monotonic() > self._again_at:
                await self.refresh()

    async def refresh(self) -> None:
        """Takes up the version in force."""
        self._seen, self._again_at = self._mark(), float("inf")
        before = self.now.version
        try:
            state = await asyncio.to_thread(self._read)
        except (BrokenReference, OSError) as error:
            self._again_at = time.monotonic() + AGAIN_AFTER
            log.error("reference.broken", in_use=before, error=str(error))
            return
        self._state = state
        log.info("reference.changed", before=before, version=state.reference.version)

    def _read(self) -> _State:
        reference = load(self._url)
        return _State(reference, tuple(make(reference) for make in self._makers))

    def _mark(self) -> Mark:
        try:
            found = self._current.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size
