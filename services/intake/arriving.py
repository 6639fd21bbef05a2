"""A body as it comes, cut into parts that end after so many bytes or seconds, and at whatever ends the body."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect

from chassis.problems import Problem

# A process that is killed costs no more than a part.
PART_BYTES = 32 * 1024 * 1024
PART_SECONDS = 10.0
# Pieces come as the line brings them; handing each on by itself would take longer than what is done with it.
LARGEST_HANDFUL = 1024 * 1024
SMALLEST_HANDFUL = 256 * 1024
# What all bodies that come at once have in hand, of which each is held a few times on its way.
IN_HAND = 16 * 1024 * 1024


def handful_of(bodies: int) -> int:
    """How many bytes each of so many bodies hands on at a time."""
    return min(LARGEST_HANDFUL, max(SMALLEST_HANDFUL, IN_HAND // bodies))


class Arriving:
    """One body, of no more than `most` bytes; `broken` is what ended it before its end, or it `gave_way`.

    The next piece is always asked for before it is wanted: the server forgets what nobody had asked for when the line
    is cut. So it has to be closed.
    """

    def __init__(
        self, stream: AsyncIterator[bytes], most: int, handful: int, *, part_seconds: float = PART_SECONDS
    ) -> None:
        self.handful = handful
        self._part_seconds = part_seconds
        self._stream = stream
        self._left = most
        self._gathered: list[bytes] = []
        self._size = 0
        self._coming = self._ask()
        self._ended = False
        self._closed = asyncio.Event()
        self.gave_way = False
        self.broken: Problem | ClientDisconnect | None = None

    async def more(self) -> bool:
        """Whether there is anything that no part has had."""
        await self._gather(1, float("inf"))
        return self._size > 0

    async def part(self) -> AsyncIterator[bytes]:
        """The bytes of the next part, in handfuls."""
        until, size = asyncio.get_running_loop().time() + self._part_seconds, 0
        while await self._gather(self.handful, until):
            handful, self._gathered, self._size = b"".join(self._gathered), [], 0
            size += len(handful)
            yield handful
            if size >= PART_BYTES:
                return

    async def _gather(self, enough: int, until: float) -> bool:
        """Until there is enough, or it is time, or no more comes; whether there is anything."""
        now = asyncio.get_running_loop().time
        while not self._ended and self._size < enough and (left := until - now()) > 0:
            # What comes when it was time is the next part's.
            came, _ = await asyncio.wait([self._coming], timeout=None if left == float("inf") else left)
            for coming in came:
                self._hear(coming)
        return self._size > 0

    def _hear(self, coming: asyncio.Future[bytes | None]) -> None:
        try:
            piece = coming.result()
        except asyncio.CancelledError:
            if not self.gave_way:
                raise
        except (Problem, ClientDisconnect) as broken:
            self._end(broken)
        else:
            self._end(None) if piece is None else self._take(piece)

    def close(self) -> None:
        """Nothing more is wanted, and what came is counted."""
        self._coming.cancel()
        self._closed.set()

    async def give_way(self) -> None:
        """It ends here, with what came; until that is counted."""
        self.gave_way = True
        self._end(None)
        self._coming.cancel()
        await self._closed.wait()

    def _ask(self) -> asyncio.Future[bytes | None]:
        return asyncio.ensure_future(anext(self._stream, None))

    def _take(self, piece: bytes) -> None:
        self._coming = self._ask()
        self._left -= len(piece)
        if self._left < 0:
            self._end(too_large())
        else:
            self._gathered.append(piece)
            self._size += len(piece)

    def _end(self, broken: Problem | ClientDisconnect | None) -> None:
        self._ended, self.broken = True, broken


def too_large() -> Problem:
    """What comes, or is announced, is more than may come."""
    detail = "La pièce est plus grande qu’annoncé, ou dépasse 1 Gio : rien n’en est gardé au-delà. Divisez-la."
    return Problem(413, "too-large", detail)
