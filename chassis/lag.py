"""How far behind a reader is: what is unread in each partition, and since when the oldest of it waits."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from chassis.errors import Unavailable
from chassis.kafka import KafkaSettings, log_reader, read_from

LIMIT = 3.0
_STEP_MS = 20
# A record below the end is there to be read: nothing for so long, and a broker gives an end that it lets nobody reach.
_SILENCE_MS = 500


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
            read_from(reader, at)
            ends: dict[TopicPartition, int] = await reader.end_offsets(list(at))
            oldest = await _oldest(reader, {one: end for one, end in ends.items() if end > at[one]})
    except (KafkaError, OSError, TimeoutError) as error:
        dependency = "kafka"
        raise Unavailable(dependency) from error
    return [_lag(one, offset, ends[one], oldest.get(one), now) for one, offset in sorted(at.items())]


async def _oldest(reader: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> dict[TopicPartition, datetime]:
    """When the first record below its end was written, where there is one: what is unread may be markers alone."""
    found: dict[TopicPartition, datetime] = {}
    left, silence = set(ends), 0
    while left and silence < _SILENCE_MS:
        for one, (first, *_) in (await reader.getmany(timeout_ms=_STEP_MS)).items():
            reader.pause(one)
            if first.offset < ends.get(one, 0):
                found[one] = datetime.fromtimestamp(first.timestamp / 1000, UTC)
        still = {one for one in left - set(found) if await reader.position(one) < ends[one]}
        silence = 0 if still < left else silence + _STEP_MS
        left = still
    return found


def _lag(one: TopicPartition, position: int, end: int, oldest: datetime | None, now: datetime) -> Lag:
    unread = 0 if oldest is None else end - position
    waits = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
    return Lag(one.topic, one.partition, position, end, unread, round(waits, 3))
