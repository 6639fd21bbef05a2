"""Cuts a body that arrives in pieces into lines, and lines into groups; holds no more than a group and a line."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass

LONGEST_LINE = 1024 * 1024
GROUP_LINES = 200
GROUP_BYTES = 2 * 1024 * 1024
GROUP_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, with its number in the body; `text` is None for one too long to be kept."""

    number: int
    text: bytes | None


class Cutter:
    """Lines end with LF or CRLF; the last needs no end."""

    def __init__(self) -> None:
        self._number = 0
        self._rest = bytearray()
        self._too_long = False

    def feed(self, piece: bytes) -> Iterator[Line]:
        """The lines that this piece completes."""
        *ended, begun = piece.split(b"\n")
        for part in ended:
            self._extend(part)
            yield from self._end()
        self._extend(begun)

    def last(self) -> Iterator[Line]:
        """What is left when the body has ended."""
        yield from self._end()

    def _extend(self, part: bytes) -> None:
        if len(self._rest) + len(part) > LONGEST_LINE:
            self._too_long = True
            self._rest.clear()
        if not self._too_long:
            self._rest += part

    def _end(self) -> Iterator[Line]:
        self._number += 1
        text = bytes(self._rest).strip(b" \t\r")
        if text or self._too_long:
            yield Line(self._number, None if self._too_long else text)
        self._rest.clear()
        self._too_long = False


class _Group:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._bytes = 0
        self._until = 0.0

    def add(self, line: Line) -> None:
        if not self.lines:
            self._until = asyncio.get_running_loop().time() + GROUP_SECONDS
        self.lines.append(line)
        self._bytes += len(line.text or b"")

    def full(self) -> bool:
        return len(self.lines) >= GROUP_LINES or self._bytes >= GROUP_BYTES

    def seconds_left(self) -> float | None:
        """How long it may wait for more; None while it is empty."""
        return max(0.0, self._until - asyncio.get_running_loop().time()) if self.lines else None


async def grouped(pieces: AsyncIterator[bytes]) -> AsyncGenerator[list[Line], None]:
    """The lines in order, in groups of 200 lines, 2 MiB or 50 ms, whichever comes first."""
    cutter, group = Cutter(), _Group()
    coming = asyncio.ensure_future(_next(pieces))
    try:
        while True:
            # Not wait_for: it would cancel the reading, and lose what is being read.
            await asyncio.wait([coming], timeout=group.seconds_left())
            if not coming.done():
                yield group.lines
                group = _Group()
                continue
            piece = coming.result()
            if piece is None:
                break
            coming = asyncio.ensure_future(_next(pieces))
            for line in cutter.feed(piece):
                group.add(line)
                if group.full():
                    yield group.lines
                    group = _Group()
    finally:
        coming.cancel()
    group.lines.extend(cutter.last())
    if group.lines:
        yield group.lines


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)
