"""A reader's lag counts what there is to read: records that are committed, and not the markers between them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from chassis.clock import new_id
from chassis.errors import Unavailable
from chassis.kafka import KafkaSettings
from chassis.lag import Lag, measure
from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_ports
from tests.chassis.journal import own_topic
from tests.processes import until

WRITTEN = datetime(2026, 3, 1, 8, tzinfo=UTC)
NOW = WRITTEN + timedelta(seconds=90)


@pytest.fixture
async def topic(kafka_server: ApacheKafka) -> str:
    """Of two partitions, the test's own."""
    return (await own_topic(kafka_server.bootstrap, partitions=2)).name


@pytest.fixture
async def producer(kafka_server: ApacheKafka) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=kafka_server.bootstrap, transactional_id=str(new_id())) as one:
        yield one


async def write(producer: AIOKafkaProducer, topic: str, records: int = 1) -> None:
    for place in range(records):
        at = int((WRITTEN + timedelta(seconds=place)).timestamp() * 1000)
        await producer.send_and_wait(topic, b"{}", partition=0, timestamp_ms=at)


async def lags(kafka_server: ApacheKafka, topic: str, position: int, end: int) -> list[Lag]:
    """Once the broker has written the marker: it answers that a transaction has ended before it does."""
    at = {TopicPartition(topic, 0): position, TopicPartition(topic, 1): 0}

    async def reached() -> list[Lag]:
        found = await measure(KafkaSettings(bootstrap=kafka_server.bootstrap), at, NOW)
        return found if found[0].end == end else []

    return await until(reached, what=f"end {end}")


async def test_what_is_unread_waits_since_its_oldest_record(
    kafka_server: ApacheKafka, producer: AIOKafkaProducer, topic: str
) -> None:
    async with producer.transaction():
        await write(producer, topic, records=3)
    first, second = await lags(kafka_server, topic, position=1, end=4)
    assert first == Lag(topic, 0, 1, end=4, lag=3, oldest_unread_seconds=89.0)
    assert second == Lag(topic, 1, 0, end=0, lag=0, oldest_unread_seconds=0.0)


async def test_a_marker_alone_is_nothing_to_read(
    kafka_server: ApacheKafka, producer: AIOKafkaProducer, topic: str
) -> None:
    async with producer.transaction():
        await write(producer, topic, records=3)
    assert (await lags(kafka_server, topic, position=3, end=4))[0] == Lag(topic, 0, 3, 4, 0, 0.0)


async def test_what_was_aborted_is_nothing_to_read_and_hides_nothing(
    kafka_server: ApacheKafka, producer: AIOKafkaProducer, topic: str
) -> None:
    await producer.begin_transaction()
    await write(producer, topic, records=3)
    await producer.abort_transaction()
    assert (await lags(kafka_server, topic, position=0, end=4))[0] == Lag(topic, 0, 0, 4, 0, 0.0)
    async with producer.transaction():
        await write(producer, topic)
    assert (await lags(kafka_server, topic, position=0, end=6))[0] == Lag(topic, 0, 0, 6, 6, 90.0)


async def test_what_is_not_committed_yet_is_not_there_yet(
    kafka_server: ApacheKafka, producer: AIOKafkaProducer, topic: str
) -> None:
    await producer.begin_transaction()
    await write(producer, topic)
    assert (await lags(kafka_server, topic, position=0, end=0))[0] == Lag(topic, 0, 0, 0, 0, 0.0)
    await producer.commit_transaction()
    assert (await lags(kafka_server, topic, position=0, end=2))[0].lag == 2


async def test_a_broker_that_is_not_there_is_named(topic: str) -> None:
    nowhere = KafkaSettings(bootstrap=f"127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(Unavailable, match="kafka"):
        await measure(nowhere, {TopicPartition(topic, 0): 0}, NOW)
