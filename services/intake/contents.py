"""The bytes of a document, put together from its parts."""

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from services.intake import documents_store
from services.intake.digests import Digests
from services.intake.documents_store import Document, Part, prefix_of
from services.intake.objects import ObjectMissing, Objects
from services.intake.turns import Turns

# Each is read to its end, to be told from the others.
MOST_WAYS = 16


@dataclass(frozen=True, slots=True)
class Contents:
    """Of documents in one store."""

    objects: Objects
    turns: Turns

    async def located(self, document: Document) -> list[Part]:
        """The parts that a whole document is in. Raises ObjectMissing or Unavailable.

        Where a restored database does not know them, they are what lies below its prefix: when a document becomes
        whole, everything else there is removed, and what another brought meanwhile, unless its process is killed then.
        """
        async with self.turns.connect() as connection:
            known = await documents_store.parts_of(connection, document.id)
        if _size(known) == document.bytes:
            return known
        found = await self._found(document)
        async with self.turns.begin() as transaction:
            await documents_store.replace_parts(transaction.connection, document.id, found)
        return found

    async def _found(self, document: Document) -> list[Part]:
        ways = list(islice(_ways(await self.objects.sizes(prefix_of(document.id)), document.bytes), MOST_WAYS))
        for parts in ways:
            if len(ways) == 1 or await self.sha256(parts, Digests()) == document.sha256:
                return parts
        raise ObjectMissing

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


def _ways(sizes: Mapping[str, int], size: int) -> Iterator[list[Part]]:
    """The ways in which objects follow each other to so many bytes: more than one, where two are of the same place."""
    beginning: defaultdict[int, list[Part]] = defaultdict(list)
    for key, many in sizes.items():
        start = key.rpartition("/")[2].partition("-")[0]
        # What an operator left there is none.
        if start.isdecimal() and many:
            beginning[int(start)].append(Part(int(start), many, key))
    begun: list[list[Part]] = [[]]
    while begun:
        parts = begun.pop()
        end = parts[-1].start + parts[-1].bytes if parts else 0
        if end == size:
            yield parts
        else:
            begun.extend([*parts, one] for one in beginning[end])


def _size(parts: Sequence[Part]) -> int:
    return sum(part.bytes for part in parts)
