"""How far behind a reader is: what is unread in each partition, and since when the oldest of it waits."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from chassis.errors import Unavailable
from chassis.kafka import KafkaSettings, log_reader

LIMIT = 3.0
# A committed record is there to be read at once; what brings none in this time is a transaction's marker.
LOOK_MS = 300


@dataclass(frozen=True, slots=True)
class Lag:
    """A partition's state; `lag` counts offsets, of which the markers of transactions are some."""

    topic: str
    partition: int
    position: int
    end: int
    lag: int
    oldest_unread_seconds: float

    def as_json(self) -> dict[str, Any]:
        """As `GET /v1/positions` shows it."""
        return asdict(self)


async def measure(kafka: KafkaSettings, at: Mapping[TopicPartition, int], now: datetime) -> list[Lag]:
    """The lag of each partition whose next offset is given. Raises Unavailable("kafka") after 3 s."""
    if not at:
        return []
    try:
        async with log_reader(kafka, "infoparquet.lag") as reader, asyncio.timeout(LIMIT):
            await reader.start()
            reader.assign(list(at))
            ends: dict[TopicPartition, int] = await reader.end_offsets(list(at))
            behind = {one: offset for one, offset in at.items() if ends[one] > offset}
            oldest = await _oldest(reader, behind)
    except (KafkaError, OSError, TimeoutError) as error:
        dependency = "kafka"
        raise Unavailable(dependency) from error
    return [_lag(one, offset, ends[one], oldest.get(one), now) for one, offset in sorted(at.items())]


async def _oldest(reader: AIOKafkaConsumer, behind: Mapping[TopicPartition, int]) -> dict[TopicPartition, datetime]:
    if not behind:
        return {}
    reader.assign(list(behind))
    for one, offset in behind.items():
        reader.seek(one, offset)
    found: dict[TopicPartition, datetime] = {}
    while len(found) < len(behind):
        got = await reader.getmany(timeout_ms=LOOK_MS)
        if not got:
            break
        for one, records in got.items():
            found.setdefault(one, datetime.fromtimestamp(records[0].timestamp / 1000, UTC))
            reader.pause(one)
    return found


def _lag(one: TopicPartition, position: int, end: int, oldest: datetime | None, now: datetime) -> Lag:
    unread = 0 if oldest is None else end - position
    waits = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
    return Lag(one.topic, one.partition, position, end, unread, round(waits, 3))
