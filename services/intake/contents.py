"""The bytes of a document, put together from its parts."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from services.intake.digests import Digests
from services.intake.documents_store import Part
from services.intake.objects import Objects


@dataclass(frozen=True, slots=True)
class Contents:
    """Of documents in one store."""

    objects: Objects

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
        async for piece in self.read(parts, range(sum(part.bytes for part in parts))):
            await digests.update(digest, piece)
        return digest.hexdigest()
