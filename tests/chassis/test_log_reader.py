"""Of a long log a reader is sent a bounded piece at once, whatever the number of partitions."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer
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


async def fetch_for_ever(reader: AIOKafkaConsumer, topic: Topic) -> None:
    """As while a broker is down: what was read is still assigned, and a fetch waits to be tried again."""
    await reader.start()
    reader.assign(partitions_of(topic))
    await reader.seek_to_beginning(*partitions_of(topic))
    assert await reader.getmany(timeout_ms=60_000)
    reader._fetcher._pending_tasks.add(asyncio.create_task(asyncio.sleep(3600)))  # noqa: SLF001


async def test_a_reader_ends_whatever_it_still_fetches(kafka_server: ApacheKafka, topic: Topic) -> None:
    async with log_reader(KafkaSettings(bootstrap=kafka_server.bootstrap), "tests") as reader:
        await fetch_for_ever(reader, topic)
        connections = list(reader._client._conns.values())  # noqa: SLF001
        assert any(one.connected() for one in connections)
    assert not any(one.connected() for one in connections)


async def test_whoever_is_cancelled_while_reading_ends_by_it(kafka_server: ApacheKafka, topic: Topic) -> None:
    reading = asyncio.Event()

    async def read() -> None:
        async with log_reader(KafkaSettings(bootstrap=kafka_server.bootstrap), "tests") as reader:
            await fetch_for_ever(reader, topic)
            reading.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(read())
    await reading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
