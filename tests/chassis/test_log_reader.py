"""Of a long log a reader is sent a bounded piece at once, whatever the number of partitions."""

import asyncio

import pytest
from infoparquet_contracts.topics import Topic

from chassis.kafka import FETCH_BYTES, KafkaSettings, log_reader, partitions_of
from deploy.local.kafka import ApacheKafka
from tests.chassis.journal import LARGEST_BATCH, Raw, own_topic, write

HALF = Raw(b"key", bytes(LARGEST_BATCH // 2 - 1000), ())


@pytest.fixture
async def topic(kafka_server: ApacheKafka) -> Topic:
    """With twelve mebibytes, one in each partition."""
    long = await own_topic(kafka_server.bootstrap, partitions=12)
    for one in partitions_of(long):
        await write(kafka_server.bootstrap, long.name, one.partition, [HALF, HALF])
    return long


async def test_a_reader_is_sent_a_bounded_piece_at_once(kafka_server: ApacheKafka, topic: Topic) -> None:
    pieces: list[int] = []
    async with log_reader(KafkaSettings(bootstrap=kafka_server.bootstrap), "tests") as reader, asyncio.timeout(60):
        await reader.start()
        reader.assign(partitions_of(topic))
        await reader.seek_to_beginning(*partitions_of(topic))
        while sum(pieces) < 2 * topic.partitions:
            pieces.append(sum(map(len, (await reader.getmany(timeout_ms=1000)).values())))
    # Each batch is of two records; the one that passes the limit is sent whole.
    assert max(pieces) * len(HALF.value or b"") <= FETCH_BYTES + LARGEST_BATCH
