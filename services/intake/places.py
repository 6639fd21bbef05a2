"""How many documents come to a process at once: each has some bytes in hand, and memory is bounded."""

from collections.abc import AsyncIterator

from chassis.problems import Problem

# Each then hands on 256 KiB at a time, of which three may be held: 192 MiB. An S3 store bounds what it holds itself.
MOST = 256
RETRY_SECONDS = 5


class Places:
    """Those of one process."""

    def __init__(self) -> None:
        self._taken = 0

    async def take(self) -> AsyncIterator[None]:
        """A dependency of the routes that documents come by. Raises a 503 Problem where all are taken."""
        if self._taken >= MOST:
            detail = (
                f"Trop de pièces arrivent en même temps ({MOST}) : celle-ci n’a pas été lue. Renvoyez-la plus tard."
            )
            raise Problem(503, "too-many-documents", detail, headers={"Retry-After": str(RETRY_SECONDS)})
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
