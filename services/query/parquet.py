"""Parquet written as lines come: a thread of its own reads them and writes, and rests while nobody asks for more.

The writer pulls, the response is pulled: each batch of lines is exchanged for the bytes that were written meanwhile.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Final

from arro3.core import DataType, Field, Schema
from arro3.io import read_json, write_parquet

MEDIA_TYPE: Final = "application/vnd.apache.parquet"
# Rows that are held until they are written: a few MiB.
ROW_GROUP: Final = 50_000
# Rows that are read at once.
_BATCH: Final = 1024
_COMPRESSION: Final = "zstd(3)"


def schema_of(columns: Mapping[str, str]) -> Schema:
    """Of columns as `columns.COLUMNS` has them."""
    types = {
        "string": DataType.string(),
        "bool": DataType.bool(),
        "date": DataType.date32(),
        "timestamp": DataType.timestamp("us", tz="UTC"),
    }
    return Schema(
        [Field(name, types[kind.removesuffix("?")], nullable=kind.endswith("?")) for name, kind in columns.items()]
    )


async def parquet(schema: Schema, batches: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """A file of the NDJSON that the batches are; whoever closes it early ends the thread too."""
    writing = _Writing(schema, asyncio.get_running_loop())
    writing.start()
    try:
        async for batch in batches:
            if written := await writing.exchange(batch):
                yield written
        yield await writing.exchange(b"")
    finally:
        writing.abandon()


class _AbandonedError(Exception):
    """Nobody wants the rest."""


class _Writing:
    """The thread, and the two files as its writer sees them: `read`, `seek`, `write` and `flush` are called there."""

    def __init__(self, schema: Schema, loop: asyncio.AbstractEventLoop) -> None:
        self._schema = schema
        self._loop = loop
        # Lines, and whom to give what is written of them; None: abandoned.
        self._given: queue.SimpleQueue[tuple[bytes, asyncio.Future[bytes]] | None] = queue.SimpleQueue()
        self._asked: asyncio.Future[bytes] | None = None
        self._unread, self._written, self._at_end = b"", bytearray(), False
        self._thread = threading.Thread(target=self._run, name="parquet", daemon=True)

    def start(self) -> None:
        self._thread.start()

    async def exchange(self, batch: bytes) -> bytes:
        """What was written since the last time, once these lines are taken up; after an empty one, to the end."""
        asked: asyncio.Future[bytes] = self._loop.create_future()
        self._given.put((batch, asked))
        return await asked

    def abandon(self) -> None:
        """The thread ends by itself."""
        self._given.put(None)

    def read(self, size: int) -> bytes:
        """Some of the lines, at most so many bytes; nothing at their end."""
        if not self._unread and not self._at_end:
            self._hand_over()
            self._take()
        taken, self._unread = self._unread[:size], self._unread[size:]
        return taken

    def write(self, piece: bytes) -> int:
        self._written += piece
        return len(piece)

    def flush(self) -> None:
        """All is in memory."""

    def seek(self, *_: int) -> int:
        """Neither file is ever moved in, but both are asked whether they could be."""
        raise OSError

    def _run(self) -> None:
        failure: BaseException | None = None
        try:
            self._take()
            lines = read_json(self, self._schema, batch_size=_BATCH)  # type: ignore[arg-type]  # as much of a file as is used
            write_parquet(lines, self, compression=_COMPRESSION, max_row_group_size=ROW_GROUP)  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 - told to whoever waits, in the loop
            failure = error
        self._hand_over(failure)

    def _take(self) -> None:
        given = self._given.get()
        if given is None:
            raise _AbandonedError
        self._unread, self._asked = given
        self._at_end = not self._unread

    def _hand_over(self, failure: BaseException | None = None) -> None:
        written, self._written = bytes(self._written), bytearray()
        asked, self._asked = self._asked, None

        def tell() -> None:
            if asked is None or asked.done():
                return
            if failure is None:
                asked.set_result(written)
            else:
                asked.set_exception(failure)

        # A loop that is closed has nobody who waits.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(tell)
