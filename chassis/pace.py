"""Keeps a backlog in the outbox, where what is urgent overtakes it, while those who go on with it are behind.

A partition's log is an order: what stands in it before an urgent fact is read before that. Nothing else rests on what
is read here: a reader who does not answer, does not move or is far behind is not waited for.
"""

import asyncio
import contextlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from infoparquet_contracts.identifiers import ServiceName
from infoparquet_contracts.topics import JOURNAL, group_of

from chassis.batches import BATCH_ROWS
from chassis.kafka import KafkaSettings, partitions_of

log = structlog.get_logger()

# Of what one relay published: a second or two of work, and enough that no reader is idle between two looks.
MOST_UNREAD = 500
# Behind by so many records of anybody's, a reader catches up on more than this backlog.
FAR_BEHIND = 20_000
# A member that was lost is out of its group after 10 s.
PATIENCE = 15.0
LOOK_SECONDS = 1.0
# Fewer rows in a batch are no backlog, and nobody is asked; nor is a transaction begun for fewer of one.
FEWEST_ROWS = 100

_PARTITIONS = partitions_of(JOURNAL)


@dataclass
class _Reader:
    """How far a group has come, by partition, and when it last moved, on the loop's clock."""

    group: str
    moved_at: float
    stands: Mapping[int, int] = field(default_factory=dict)

    def move(self, stands: Mapping[int, int], now: float) -> None:
        if stands != self.stands:
            self.stands, self.moved_at = stands, now


@dataclass
class Pace:
    """Of one relay's reign."""

    readers: Sequence[ServiceName]
    kafka: KafkaSettings
    clock: Callable[[], float] = field(default_factory=lambda: asyncio.get_running_loop().time)

    def __post_init__(self) -> None:
        self._readers = [_Reader(group_of(one), self.clock()) for one in self.readers]
        self._published: dict[int, list[int]] = defaultdict(list)
        self._admin: AIOKafkaAdminClient | None = None
        self._holds = False

    @classmethod
    @contextlib.asynccontextmanager
    async def kept(cls, readers: Sequence[ServiceName], kafka: KafkaSettings) -> AsyncIterator["Pace"]:
        """Connects when there is a backlog."""
        pace = cls(readers, kafka)
        try:
            yield pace
        finally:
            await pace._disconnect()

    def published(self, topic: str, partition: int, offset: int) -> None:
        """Where a record of this reign stands."""
        if self._readers and topic == JOURNAL.name:
            self._published[partition].append(offset)

    async def room(self, last: int) -> int:
        """How many rows that are not urgent may go now, the last batch having had so many."""
        if not self._readers:
            return BATCH_ROWS
        if not self._holds and last < FEWEST_ROWS:
            self._published.clear()
            return MOST_UNREAD
        await self._look()
        room = MOST_UNREAD - max(self._unread(reader) for reader in self._readers)
        self._holds = room < FEWEST_ROWS
        return 0 if self._holds else room

    def _unread(self, reader: _Reader) -> int:
        """Of what was published here; 0 of a reader who is not waited for."""
        if not reader.stands or self.clock() - reader.moved_at >= PATIENCE:
            return 0
        behind = sum(offsets[-1] - reader.stands.get(one, 0) for one, offsets in self._published.items() if offsets)
        if behind > FAR_BEHIND:
            return 0
        return sum(
            len(offsets) - bisect_left(offsets, reader.stands.get(one, 0)) for one, offsets in self._published.items()
        )

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                admin = self._admin or await self._connect()
                for reader in self._readers:
                    found = await admin.list_consumer_group_offsets(reader.group, partitions=_PARTITIONS)
                    # A group that has read nothing of a partition has committed -1 there.
                    stands = {at.partition: stands.offset for at, stands in found.items() if stands.offset >= 0}
                    reader.move(stands, self.clock())
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("relay.pace-unknown", error=type(error).__name__)
            await self._disconnect()
        self._forget_what_all_have_read()

    def _forget_what_all_have_read(self) -> None:
        for one, offsets in self._published.items():
            del offsets[: bisect_left(offsets, min(reader.stands.get(one, 0) for reader in self._readers))]
        if sum(map(len, self._published.values())) > FAR_BEHIND:
            self._published.clear()

    async def _connect(self) -> AIOKafkaAdminClient:
        limit = int(LOOK_SECONDS * 1000)
        self._admin = admin = AIOKafkaAdminClient(**self.kafka.client("infoparquet.pace"), request_timeout_ms=limit)
        await admin.start()
        return admin

    async def _disconnect(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(admin.close(), LOOK_SECONDS)
