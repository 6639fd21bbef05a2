"""Writes whatever bytes a test wants to a partition, as one batch, and reads what is committed."""

import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.util import calc_crc32c
from infoparquet_contracts.envelope import Event, encode
from infoparquet_contracts.topics import JOURNAL, Topic

from chassis.clock import new_id
from chassis.kafka import KafkaSettings, partitions_of
from chassis.topics import create_missing

# Where a batch's checksum is, and what it covers (KIP-98).
_CRC_AT, _COVERED_FROM = 17, 21
# As much as the journal's topic takes.
LARGEST_BATCH = 1024 * 1024

Headers = tuple[tuple[str | bytes, bytes | None], ...]


@dataclass(frozen=True)
class Raw:
    """A record as its bytes; a header's name may be bytes too."""

    key: bytes | None
    value: bytes | None
    headers: Headers

    def with_header(self, name: str | bytes, value: bytes | None) -> "Raw":
        """One header replaced, or added."""
        return replace(self, headers=(*((one, old) for one, old in self.headers if one != name), (name, value)))


def raw(event: Event[Any]) -> Raw:
    """A good record."""
    record = encode(event)
    return Raw(record.key, record.value, tuple(record.headers))


async def own_topic(bootstrap: str, partitions: int) -> Topic:
    """One that nobody else reads or writes."""
    topic = replace(JOURNAL, name=f"own-{new_id()}", partitions=partitions)
    await create_missing(KafkaSettings(bootstrap=bootstrap), [topic])
    return topic


async def write(bootstrap: str, topic: str, partition: int, records: Sequence[Raw]) -> int:
    """Put the records on a partition, in one batch; returns the first one's offset."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=LARGEST_BATCH) as producer:
        batch: BatchBuilder = producer.create_batch()
        # The client takes names as text alone: bytes are put in their place afterwards.
        instead = {name: secrets.token_urlsafe(len(name))[: len(name)] for name in _names_in_bytes(records)}
        for record in records:
            names = [instead[name] if isinstance(name, bytes) else name for name, _ in record.headers]
            headers = [(name, value) for name, (_, value) in zip(names, record.headers, strict=True)]
            added = batch.append(timestamp=None, key=record.key, value=record.value, headers=headers)
            assert added is not None, "more than a batch holds"
        _put_in_place(batch, instead)
        placed = await producer.send_batch(batch, topic, partition=partition)
        offset: int = (await placed).offset
        return offset


def _names_in_bytes(records: Sequence[Raw]) -> set[bytes]:
    return {name for record in records for name, _ in record.headers if isinstance(name, bytes)}


def _put_in_place(batch: BatchBuilder, instead: dict[bytes, str]) -> None:
    content = bytes(batch._build())  # noqa: SLF001 - the client has no other way to send bytes of one's own
    for name, stand_in in instead.items():
        content = content.replace(stand_in.encode(), name)
    written = bytearray(content)
    struct.pack_into(">I", written, _CRC_AT, calc_crc32c(written[_COVERED_FROM:]))
    batch._buffer = written  # noqa: SLF001


async def committed(bootstrap: str, topic: Topic, *, isolation: str = "read_committed") -> list[ConsumerRecord]:
    """All that is committed on a topic, partition by partition in order; all that was sent, if asked for."""
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level=isolation, enable_auto_commit=False)
    async with reader:
        partitions = partitions_of(topic)
        ends = await reader.end_offsets(partitions)
        reader.assign(partitions)
        await reader.seek_to_beginning(*partitions)
        found: dict[TopicPartition, list[ConsumerRecord]] = {one: [] for one in partitions}
        while any([await reader.position(one) < end for one, end in ends.items()]):
            for one, records in (await reader.getmany(timeout_ms=100)).items():
                found[one] += records
    return [record for one in partitions for record in found[one]]
