"""Where the bytes of documents are: an object store, a folder or S3-compatible; what was put is durable.

A folder's objects are synced before they count, since the library renames without. What a killed process leaves of an
unfinished object (`name#1`) is not listed by the library, but goes with all that is removed below a prefix.
"""

import asyncio
import errno
import shutil
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from chassis.disk import sync
from chassis.errors import Unavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

DEPENDENCY = "object-store"
# Of S3: whoever waits is told within a while, and asks again.
_RETRIES: Final["RetryConfig"] = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
_CLIENT: Final["ClientConfig"] = {
    "connect_timeout": timedelta(seconds=5),
    "timeout": timedelta(seconds=60),
    # Where AWS_ENDPOINT_URL says so.
    "allow_http": True,
}
# S3 takes no smaller parts.
S3_CHUNK = 5 * 1024 * 1024
READ_CHUNK = 256 * 1024
# Written beside the one that is being filled.
CHUNKS_AT_ONCE = 2
# Each may hold three chunks, so 180 MiB; a part takes seconds, and who waits for its place meanwhile has not read it.
S3_PUTS_AT_ONCE = 12
# Waiting for a disk, more threads would only wait with them.
_SYNCING = 4
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
# The library passes an error's number on in words alone.
_NO_FILE_WORDS = f"(os error {errno.ENOENT})"
_NO_SPACE_WORDS = tuple(f"(os error {one})" for one in _NO_SPACE)
T = TypeVar("T")


class StoreFull(Exception):  # noqa: N818 - as its siblings
    """No space is left for what was to be put; nothing of it was kept."""


class ObjectMissing(Exception):  # noqa: N818
    """An object that should be there is not."""


class Objects:
    """The objects of one store, by keys of segments between slashes."""

    def __init__(self, url: str) -> None:
        """`file:///…` or `s3://bucket/prefix`, whose address and keys are the environment's (`AWS_…`)."""
        parts = urlsplit(url)
        self._url = url
        self._folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._threads = ThreadPoolExecutor(_SYNCING, "objects")
        self._puts = nullcontext() if self._folder is not None else asyncio.Semaphore(S3_PUTS_AT_ONCE)

    @cached_property
    def _store(self) -> LocalStore | S3Store:
        """Made when it is first used, with its folder."""
        if self._folder is not None:
            return LocalStore(self._folder, mkdir=True)
        return S3Store.from_url(self._url, retry_config=_RETRIES, client_options=_CLIENT)

    async def put(self, key: str, pieces: AsyncIterator[bytes], *, chunk: int) -> None:
        """All of the pieces, or, where one raises or the store does, nothing; durable once it was synced.

        A folder is written so many bytes at once. On S3, the first piece may be asked for when others have ended.
        Raises StoreFull or Unavailable.
        """
        size = S3_CHUNK if self._folder is None else chunk
        async with self._puts:
            with _said_our_way():
                await obstore.put_async(
                    self._store, key, pieces, use_multipart=True, chunk_size=size, max_concurrency=CHUNKS_AT_ONCE
                )

    async def sync(self, key: str) -> None:
        """What was put is durable. Raises ObjectMissing, StoreFull or Unavailable."""
        if self._folder is not None:
            with _said_our_way():
                path = self._folder / key
                # The object, its folder's entry of it, and the entry of that folder.
                await self._in_thread(lambda: sync(path, path.parent, path.parent.parent))

    async def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes of an object from `start` up to `stop`. Raises ObjectMissing or Unavailable."""
        with _said_our_way():
            if self._folder is not None:
                # The library's own stream of a file reads 8 KiB at a time, which takes eight times the processor.
                for at in range(start, stop, READ_CHUNK):
                    yield bytes(
                        await obstore.get_range_async(self._store, key, start=at, end=min(at + READ_CHUNK, stop))
                    )
            elif start < stop:
                found = await obstore.get_async(self._store, key, options={"range": (start, stop)})
                async for piece in found.stream(min_chunk_size=READ_CHUNK):
                    yield bytes(piece)

    async def remove(self, prefix: str) -> None:
        """Everything below, finished or not; nothing where there is nothing. Raises Unavailable."""
        with _said_our_way():
            if self._folder is not None:
                folder = self._folder / prefix
                await self._in_thread(lambda: _removed(folder))
            elif keys := [*await self.sizes(prefix)]:
                await obstore.delete_async(self._store, keys)

    async def keep_only(self, prefix: str, keys: Collection[str]) -> None:
        """Remove whatever else is below, finished or not. Raises Unavailable."""
        with _said_our_way():
            if self._folder is not None:
                folder, names = self._folder / prefix, {key.rpartition("/")[2] for key in keys}
                await self._in_thread(lambda: _emptied_but_for(folder, names))
            elif others := [*(await self.sizes(prefix)).keys() - set(keys)]:
                await obstore.delete_async(self._store, others)

    async def discard(self, key: str) -> None:
        """One object, if it is there. Raises Unavailable."""
        with _said_our_way():
            try:
                await obstore.delete_async(self._store, key)
            except (FileNotFoundError, NotFoundError):
                return

    async def sizes(self, prefix: str) -> dict[str, int]:
        """The finished objects below, by their keys in order, in bytes. Raises Unavailable."""
        with _said_our_way():
            found = {one["path"]: one["size"] async for batch in obstore.list(self._store, prefix) for one in batch}
        return dict(sorted(found.items()))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _removed(folder: Path) -> None:
    def fail(_: object, __: str, raised: tuple[object, BaseException, object]) -> None:
        # Another may be at it.
        if not isinstance(raised[1], FileNotFoundError):
            raise raised[1]

    shutil.rmtree(folder, onerror=fail)


def _emptied_but_for(folder: Path, names: Collection[str]) -> None:
    if folder.exists():
        for one in folder.iterdir():
            if one.name not in names:
                one.unlink(missing_ok=True)


@contextmanager
def _said_our_way() -> Iterator[None]:
    """What the library raises, as what must follow from it."""
    try:
        yield
    except (FileNotFoundError, NotFoundError) as error:
        raise ObjectMissing from error
    except BaseError as error:
        if any(words in str(error) for words in _NO_SPACE_WORDS):
            raise StoreFull from error
        if _NO_FILE_WORDS in str(error):
            raise ObjectMissing from error
        raise Unavailable(DEPENDENCY) from error
    except OSError as error:
        # Of syncing and removing; what the pieces raise are no errors of the system.
        raise StoreFull() if error.errno in _NO_SPACE else Unavailable(DEPENDENCY) from error
