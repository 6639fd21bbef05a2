"""SHA-256 of documents while they come, in a thread; remembered between the requests that one comes in."""

import asyncio
import hashlib
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from uuid import UUID

# Of others, after a restart or in another replica, the bytes are read again.
REMEMBERED = 1000


class Digest(Protocol):
    """As hashlib's."""

    def update(self, data: bytes, /) -> None: ...
    def copy(self) -> "Digest": ...
    def hexdigest(self) -> str: ...


class Digests:
    """Those of one process."""

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, tuple[int, Digest]] = OrderedDict()
        # One thread: a second would take the processors from those who post.
        self._thread = ThreadPoolExecutor(1, "sha256")

    def of(self, document: UUID, size: int) -> Digest | None:
        """Of its first `size` bytes, to go on with; None where that is not known."""
        if not size:
            return hashlib.sha256()
        at, digest = self._known.get(document, (0, None))
        return digest.copy() if digest is not None and at == size else None

    def remember(self, document: UUID, size: int, digest: Digest) -> None:
        """Of its first `size` bytes, once they count: what two bring at once for one place may differ."""
        self._known[document] = size, digest
        self._known.move_to_end(document)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def forget(self, document: UUID) -> None:
        """It is whole, or given up."""
        self._known.pop(document, None)

    def update(self, digest: Digest | None, piece: bytes) -> asyncio.Future[None]:
        """Begun at once; to be awaited before many more."""
        if digest is None:
            return done()
        return asyncio.get_running_loop().run_in_executor(self._thread, digest.update, piece)


def done() -> asyncio.Future[None]:
    """What there is to wait for where nothing is under way."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future
