"""Has aiokafka read records whose header names are not UTF-8, as Kafka's own clients do.

By itself it fails at such a record whenever it comes to it: the partition stops for ever, and what the same poll had
taken out of other partitions is lost. A batch it fails on, and no other, is decoded again here; a byte of a name that
is not UTF-8 becomes a surrogate (PEP 383), by which `is_text` knows it.
"""

import struct
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint_py

# A batch is its first offset (8 bytes), the length of what follows (4), and what follows.
_LENGTH_AT, _FOLLOWS_AT = 8, 12


def is_text(name: str) -> bool:
    """Whether a header's name was UTF-8."""
    return name.isascii() or not any("\udc80" <= character <= "\udcff" for character in name)


def read_any_header_name() -> None:
    """For every consumer of this process; aiokafka takes the class from its module and offers no other place."""
    fetcher.MemoryRecords = _Records


class _Records:
    """Batches as they were fetched, each with its bytes beside."""

    def __init__(self, fetched: bytes) -> None:
        self._records = MemoryRecords(fetched)
        self._fetched = fetched
        self._start = 0

    def size_in_bytes(self) -> int:
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> "_Batch":
        batch = self._records.next_batch()
        (length,) = struct.unpack_from(">i", self._fetched, self._start + _LENGTH_AT)
        start, self._start = self._start, self._start + _FOLLOWS_AT + length
        return _Batch(batch, self._fetched[start : self._start])


class _Batch:
    """aiokafka's batch in every way but one."""

    def __init__(self, batch: Any, content: bytes) -> None:  # noqa: ANN401 - aiokafka's, compiled or not
        self._batch = batch
        self._content = content

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._batch, name)

    def __next__(self) -> Any:  # noqa: ANN401
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except (UnicodeDecodeError, CorruptRecordException):
            return iter(_AnyNames(self._content))


class _AnyNames(_DefaultRecordBatchPy):  # type: ignore[misc]  # final only to type checkers
    """Decodes the names itself, being given bytes that do not insist."""

    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Lenient(self._buffer)

    def _read_msg(self, decode_varint: Any = decode_varint_py) -> Any:  # noqa: ANN401
        # The compiled one wants a bytearray and nothing that inherits from it.
        return super()._read_msg(decode_varint)


class _Lenient(bytearray):
    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401
        found = super().__getitem__(place)
        return _Lenient(found) if isinstance(place, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002
        return super().decode(encoding, "surrogateescape")
