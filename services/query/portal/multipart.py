"""A form with files as it comes: one part after the other, of which no more is held than a piece.

Its words, which are held, are bounded all together; names are words too.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from chassis.bodies import LARGEST_BODY
from chassis.problems import Problem

# With the field names of a form and the most files that a procedure may have.
_MOST_PARTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """A field, or a file under its `filename`; `content` has to be read before the next part is asked for."""

    name: str
    filename: str | None
    media_type: str
    content: AsyncIterator[bytes]

    async def text(self) -> str:
        """Of a field. Raises Problem."""
        held = bytearray()
        async for piece in self.content:
            held += piece
        try:
            return held.decode()
        except UnicodeDecodeError:
            raise _unreadable() from None

    async def pass_over(self) -> None:
        """What is left of it is read, and not held."""
        async for _ in self.content:
            pass


class Multipart:
    """A request's parts, in their order. Raises Problem for what is no such form."""

    def __init__(self, request: Request) -> None:
        media_type, options = parse_options_header(request.headers.get("content-type"))
        boundary = options.get("boundary", "").encode()
        if media_type != "multipart/form-data" or not boundary:
            raise _unreadable()
        self._decoder = MultipartDecoder(boundary, 2 * LARGEST_BODY, max_parts=_MOST_PARTS)
        self._pieces = request.stream()
        self._words = 0

    async def parts(self) -> AsyncIterator[Part]:
        """Each with what has not been read of it yet."""
        while not isinstance(event := await self._next(), Epilogue):
            if isinstance(event, Field | File):
                filename = event.filename if isinstance(event, File) else None
                self._count(len(event.name or "") + len(filename or ""))
                content = self._counted() if filename is None else self._content()
                yield Part(event.name or "", filename, event.headers.get("content-type", ""), content)

    async def _counted(self) -> AsyncIterator[bytes]:
        async for piece in self._content():
            self._count(len(piece))
            yield piece

    def _count(self, held: int) -> None:
        self._words += held
        if self._words > LARGEST_BODY:
            raise _too_large()

    async def _content(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self._next(), Data):
            if event.data:
                yield event.data
            if not event.more_data:
                return

    async def _next(self) -> Event:
        try:
            while isinstance(event := self._decoder.next_event(), NeedData):
                self._decoder.receive_data(await anext(self._pieces, None))
        except RequestEntityTooLarge:
            raise _too_large() from None
        except ValueError:
            raise _unreadable() from None
        return event


def _unreadable() -> Problem:
    return Problem(400, "invalid-form", "Ce formulaire n’a pas pu être lu.")


def _too_large() -> Problem:
    detail = f"Les textes de ce formulaire dépassent {LARGEST_BODY // 1024} Kio, pièces non comprises."
    return Problem(413, "too-large", detail)
