"""A document of any size that is nowhere kept: the same bytes each time, a piece at a time, from any byte on."""

import hashlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cached_property

PIECE = 1024 * 1024
_BLOCKS = 16


@dataclass(frozen=True)
class Film:
    """No piece is like another: each bears its number, and what compresses or repeats is not rewarded."""

    size: int

    @cached_property
    def _blocks(self) -> list[bytes]:
        numbers = random.Random(8)  # noqa: S311 - no secret
        return [numbers.randbytes(PIECE - 8) for _ in range(_BLOCKS)]

    def piece(self, number: int) -> bytes:
        """The piece of that number, the last one shorter."""
        whole = number.to_bytes(8) + self._blocks[number % _BLOCKS]
        return whole[: self.size - number * PIECE]

    async def pieces(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """From byte `start` up to `stop`."""
        stop = self.size if stop is None else stop
        while start < stop:
            number, skipped = divmod(start, PIECE)
            piece = self.piece(number)[skipped : skipped + stop - start]
            start += len(piece)
            yield piece

    @cached_property
    def sha256(self) -> bytes:
        """Of all of it."""
        digest = hashlib.sha256()
        for number in range(-(-self.size // PIECE)):
            digest.update(self.piece(number))
        return digest.digest()
