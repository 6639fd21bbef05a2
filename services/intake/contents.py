"""The bytes of a document, put together from its parts."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.intake import documents_store
from services.intake.digests import Digests
from services.intake.documents_store import Document, Part, prefix_of
from services.intake.objects import ObjectMissing, Objects
from services.intake.turns import Turns


@dataclass(frozen=True, slots=True)
class Contents:
    """Of documents in one store."""

    objects: Objects
    turns: Turns

    async def located(self, document: Document) -> list[Part]:
        """The parts that a whole document is in. Raises ObjectMissing or Unavailable.

        Where a restored database does not know them, they are what lies below its prefix: when a document becomes
        whole, everything else there is removed.
        """
        async with self.turns.connect() as connection:
            known = await documents_store.parts_of(connection, document.id)
        if _size(known) == document.bytes:
            return known
        found = _parts_in(await self.objects.sizes(prefix_of(document.id)))
        if _size(found) != document.bytes:
            raise ObjectMissing
        async with self.turns.begin() as transaction:
            await documents_store.replace_parts(transaction.connection, document.id, found)
        return found

    async def read(self, parts: Sequence[Part], span: range) -> AsyncIterator[bytes]:
        """The bytes of a span, piece by piece. Raises ObjectMissing or Unavailable."""
        for part in parts:
            start, stop = max(span.start - part.start, 0), min(span.stop - part.start, part.bytes)
            async for piece in self.objects.read(part.key, start, stop):
                yield piece

    async def excerpt(self, parts: Sequence[Part], span: range) -> bytes:
        """A short span, at once. Raises as `read` does."""
        return b"".join([piece async for piece in self.read(parts, span)])

    async def sha256(self, parts: Sequence[Part], digests: Digests) -> str:
        """Of all the bytes, in hexadecimal. Raises as `read` does."""
        digest = hashlib.sha256()
        async for piece in self.read(parts, range(_size(parts))):
            await digests.update(digest, piece)
        return digest.hexdigest()


def key_of(document: UUID, start: int, attempt: UUID) -> str:
    """Of a part that begins there; each attempt at it has its own."""
    return f"{prefix_of(document)}/{start:010d}-{attempt}"


def _parts_in(sizes: Mapping[str, int]) -> list[Part]:
    """As far as they follow each other."""
    parts: list[Part] = []
    for key, size in sizes.items():
        start = key.rpartition("/")[2].partition("-")[0]
        # What an operator left there is none.
        if start.isdecimal() and int(start) == _size(parts):
            parts.append(Part(int(start), size, key))
    return parts


def _size(parts: Sequence[Part]) -> int:
    return sum(part.bytes for part in parts)
