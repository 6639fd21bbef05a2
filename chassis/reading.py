"""Takes records from a client in number and in size: of the largest, fewer come at once.

The client counts records alone, and a thousand of the largest would be held many times over once they are decoded.
"""

from collections.abc import Awaitable, Callable

from aiokafka import ConsumerRecord, TopicPartition

Taken = dict[TopicPartition, list[ConsumerRecord]]
Getmany = Callable[..., Awaitable[Taken]]

PAGE_RECORDS = 1000
MOST_BYTES = 8 * 1024 * 1024
# What is looked at between two counts: the size is passed by so many records at most.
PIECE_RECORDS = 50


class Reading:
    """A client's `getmany`, bounded; asked in the same words."""

    def __init__(self, getmany: Getmany, most_bytes: int = MOST_BYTES) -> None:
        self._getmany = getmany
        self._most_bytes = most_bytes
        self._fault: Exception | None = None

    async def __call__(self, *partitions: TopicPartition, timeout_ms: int, max_records: int = PAGE_RECORDS) -> Taken:
        """What is there, waited for if nothing is. Raises what the client does, once what came before it was given."""
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        taken: Taken = {}
        count = size = 0
        while count < max_records and size < self._most_bytes:
            asked = min(PIECE_RECORDS, max_records - count)
            try:
                piece = await self._getmany(*partitions, timeout_ms=0 if taken else timeout_ms, max_records=asked)
            except Exception as fault:
                if not taken:
                    raise
                self._fault = fault
                break
            for one, records in piece.items():
                taken.setdefault(one, []).extend(records)
            came = [record for records in piece.values() for record in records]
            count, size = count + len(came), size + sum(map(_size, came))
            if len(came) < asked:
                break
        return taken


def _size(record: ConsumerRecord) -> int:
    return len(record.value or b"") + sum(len(value or b"") for _, value in record.headers)
