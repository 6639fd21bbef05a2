"""Takes documents in: each part is durable before it counts, and a document is whole or not at all.

Whoever counts a part first wins: what another brought meanwhile for the same place is thrown away.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from infoparquet_contracts.identifiers import LARGEST_DOCUMENT

from chassis.clock import new_id
from chassis.crash import CrashPoints
from chassis.errors import Refused, Unavailable
from services.intake import documents_store
from services.intake.arriving import Arriving, handful_of
from services.intake.contents import Contents, key_of
from services.intake.digests import Digest, Digests, done
from services.intake.documents_store import Document, Part, prefix_of
from services.intake.media_types import Judged, judge, sniffed
from services.intake.objects import ObjectMissing, Objects
from services.intake.places import Places
from services.intake.turns import Turns

# What was never attached goes after a day, and so does what no byte came of for so long.
KEPT_UNATTACHED = timedelta(days=1)
# Longer, and the disk is what is waited for.
SETTLES = 5.0
# What the beginning and the end of a file say of what it is.
HEAD_BYTES = 64 * 1024
TAIL_BYTES = 4 * 1024


class Overtaken(Refused):
    """Another brought these bytes first, or the document is gone; so many are `kept` now, None where it is gone."""

    def __init__(self, kept: int | None) -> None:
        super().__init__(kept)
        self.kept = kept


class DigestDiffers(Refused):
    """What came is not what was promised, both in hexadecimal; nothing of it is kept."""

    def __init__(self, promised: str, sha256: str) -> None:
        super().__init__()
        self.promised = promised
        self.sha256 = sha256


@dataclass
class Receiver:
    """One for a process."""

    contents: Contents
    crash: CrashPoints
    digests: Digests = field(default_factory=Digests)
    arriving: dict[Arriving, UUID] = field(default_factory=dict)
    places: Places = field(default_factory=Places)

    @property
    def turns(self) -> Turns:
        """Whose turn it is."""
        return self.contents.turns

    @property
    def objects(self) -> Objects:
        """Where the bytes are."""
        return self.contents.objects

    async def begin(self, administration: str, waits: timedelta, **values: Any) -> Document:  # noqa: ANN401 - columns
        """A document that is to come; it is given up after `waits` without a byte."""
        await self.turns.begin_apart()
        async with self.turns.begin() as transaction:
            times = {"created_at": transaction.now, "expires_at": transaction.now + waits}
            begun = await documents_store.begin(
                transaction.connection, id=transaction.new_id(), administration=administration, **times, **values
            )
        self.crash.reach("document.begun")
        return begun

    async def receive(self, one: Document, stream: AsyncIterator[bytes], waits: timedelta) -> int:
        """Keep what comes after what there is; how many bytes there are then.

        Raises Overtaken, StoreFull, Unavailable, a 413 Problem for more than was announced; and ClientDisconnect or the
        Problem that the stream ends with, after keeping what came before.
        """
        kept, counting = one.bytes, done()
        uncounted: Part | None = None
        digest = self.digests.of(one.id, kept)
        with self._arriving(one, stream) as arriving:
            try:
                while await arriving.more():
                    uncounted, digest = await self._put(one.id, kept, digest, arriving)
                    await counting
                    # The disk takes its time, while the next part comes.
                    counting = asyncio.create_task(self._count(one.id, uncounted, digest, waits))
                    kept, uncounted = kept + uncounted.bytes, None
                await counting
            finally:
                await asyncio.gather(counting, return_exceptions=True)
                # It was put while the one before it turned out not to count.
                if uncounted is not None:
                    await self.objects.discard(uncounted.key)
        if arriving.gave_way:
            raise Overtaken(kept)
        if arriving.broken is not None:
            raise arriving.broken
        return kept

    @contextmanager
    def _arriving(self, one: Document, stream: AsyncIterator[bytes]) -> Iterator[Arriving]:
        most = LARGEST_DOCUMENT if one.length is None else one.length
        arriving = Arriving(stream, most - one.bytes, handful_of(len(self.arriving) + 1))
        self.arriving[arriving] = one.id
        try:
            yield arriving
        finally:
            del self.arriving[arriving]
            arriving.close()

    async def settle(self, one: UUID) -> bool:
        """Have what comes of it end and count, within a while; False where nothing does.

        Whoever asks how far it has come goes on over another line: the old one may be half dead, and nobody knows.
        """
        old = [each.give_way() for each, document in self.arriving.items() if document == one]
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLES):
                await asyncio.gather(*old)
        return bool(old)

    async def complete(self, one: UUID) -> Document:
        """The document, whole from now on. Raises Overtaken, DigestDiffers, or Unavailable."""
        async with self.turns.connect() as connection:
            document = await documents_store.find(connection, one)
            parts = await documents_store.parts_of(connection, one)
        if document is None:
            raise Overtaken(None)
        # What a killed process left, or one that was overtaken.
        await self.objects.keep_only(prefix_of(one), [part.key for part in parts])
        digest = self.digests.of(one, document.bytes)
        sha256 = await self.contents.sha256(parts, self.digests) if digest is None else digest.hexdigest()
        if document.promised not in (None, sha256):
            await self.give_up(one)
            raise DigestDiffers(str(document.promised), sha256)
        judged = await self._judged(document, parts)
        self.crash.reach("document.read")
        return await self._whole(document, sha256, judged)

    async def give_up(self, one: UUID) -> bool:
        """Nothing of it is kept, at once where that is possible; False where it is attached or there is none.

        What cannot be removed now, the collector removes.
        """
        self.digests.forget(one)
        async with self.turns.begin() as transaction:
            given_up = await documents_store.give_up(transaction.connection, one)
        self.crash.reach("document.given-up")
        if given_up:
            # What is still on its way would be put where everything was removed.
            await self.settle(one)
            with suppress(Unavailable):
                await self.remove(one)
        return given_up

    async def remove(self, one: UUID) -> None:
        """The bytes of a document that was given up, then its row. Raises Unavailable."""
        await self.objects.remove(prefix_of(one))
        self.crash.reach("document.removed")
        async with self.turns.begin() as transaction:
            await documents_store.forget(transaction.connection, one)

    async def _bytes(self, one: UUID) -> int | None:
        async with self.turns.connect() as connection:
            document = await documents_store.find(connection, one)
        return None if document is None else document.bytes

    @asynccontextmanager
    async def _unless_overtaken(self, one: UUID, start: int) -> AsyncIterator[None]:
        """Whoever made it whole removed what was not part of it, also what was still on its way from `start` on."""
        try:
            yield
        except (ObjectMissing, Unavailable):
            if (there := await self._bytes(one)) is None or there > start:
                raise Overtaken(there) from None
            raise

    async def _put(
        self, one: UUID, start: int, before: Digest | None, arriving: Arriving
    ) -> tuple[Part, Digest | None]:
        """The next part, as an object that is not counted yet, and the digest of all up to its end."""
        key = key_of(one, start, new_id())
        digest = None if before is None else before.copy()
        size, hashing = 0, done()

        async def pieces() -> AsyncGenerator[bytes]:
            nonlocal size, hashing
            async for piece in arriving.part():
                size += len(piece)
                async with self.turns.handful():
                    # One is hashed while the next comes.
                    hashed, hashing = hashing, self.digests.update(digest, piece)
                    yield piece
                    await hashed
                self.crash.reach("document.piece")

        async with self._unless_overtaken(one, start), _closing(pieces()) as handfuls:
            await self.objects.put(key, handfuls, chunk=arriving.handful)
        await hashing
        self.crash.reach("document.put")
        return Part(start, size, key), digest

    async def _count(self, one: UUID, part: Part, digest: Digest | None, waits: timedelta) -> None:
        # What is kept may be another's bytes until these are known to count.
        self.digests.forget(one)
        async with self._unless_overtaken(one, part.start):
            await self.objects.sync(part.key)
        async with self.turns.begin() as transaction:
            counts = await documents_store.add_part(transaction.connection, one, part, transaction.now + waits)
        self.crash.reach("document.counted")
        if not counts:
            await self.objects.discard(part.key)
            raise Overtaken(await self._bytes(one))
        if digest is not None:
            self.digests.remember(one, part.start + part.bytes, digest)

    async def _judged(self, document: Document, parts: Sequence[Part]) -> Judged:
        size = document.bytes
        head = await self.contents.excerpt(parts, range(min(size, HEAD_BYTES)))
        tail = await self.contents.excerpt(parts, range(max(size - TAIL_BYTES, 0), size))
        return judge(document.declared_type, sniffed(head, tail, document.name))

    async def _whole(self, document: Document, sha256: str, judged: Judged) -> Document:
        async with self.turns.begin() as transaction:
            await documents_store.become_whole(
                transaction.connection,
                document.id,
                document.bytes,
                sha256=sha256,
                media_type=judged.media_type,
                mismatch=judged.warning,
                expires_at=transaction.now + KEPT_UNATTACHED,
                scan_at=transaction.now,
            )
            # Another may have come to the same end first.
            whole = await documents_store.find(transaction.connection, document.id)
        self.crash.reach("document.whole")
        self.digests.forget(document.id)
        if whole is None or whole.sha256 is None:
            raise Overtaken(None if whole is None else whole.bytes)
        return whole


@asynccontextmanager
async def _closing(pieces: AsyncGenerator[bytes]) -> AsyncIterator[AsyncGenerator[bytes]]:
    """A store that fails leaves them in the middle, where they hold the turn that all documents wait for."""
    try:
        yield pieces
    finally:
        # The store goes on asking for one after it was cancelled; that ends with the body.
        if not pieces.ag_running:  # type: ignore[attr-defined]  # what any function with a yield returns has it
            await pieces.aclose()
