"""How far a service's relay has come, as Kafka has it: the number of the last batch that went out.

The database's counter is moved and kept before Kafka's number, so Kafka's is greater only where the database was
restored from a backup.
"""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from infoparquet_contracts.operations import RelayBatch
from infoparquet_contracts.topics import relay_topic
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.kafka import KafkaSettings, log_reader
from chassis.outbox import relay_state

STEP = 5.0
LOOK_AGAIN = 0.02


class Restored(Exception):  # noqa: N818 - nothing failed: the relay has to read back what was published
    """The database is older than what this service has published; nothing may be read or said yet."""


async def committed_batch(service: str, kafka: KafkaSettings, *, past: int = -1) -> int:
    """The number of the last batch that went out, 0 if none did, as a node tells it that has the record at `past`."""
    partition = TopicPartition(relay_topic(service).name, 0)
    async with log_reader(kafka, f"infoparquet.{service}.relay.read") as consumer, asyncio.timeout(STEP):
        await consumer.start()
        consumer.assign([partition])
        return await _last_number(consumer, partition, await _end_past(past, consumer, partition))


async def refuse_restored(connection: AsyncConnection, committed: int) -> None:
    """Raises Restored where the database's counter is behind `committed`, which must have been read before."""
    counter = (await connection.execute(select(relay_state.c.batch))).scalar_one()
    if committed > counter:
        message = f"the database has published {counter} batches, Kafka holds {committed}"
        raise Restored(message)


async def _end_past(mark: int, consumer: AIOKafkaConsumer, partition: TopicPartition) -> int:
    """The end of the log, from a node that has the mark.

    One that was frozen may still take itself for the leader, and would answer with an end of before: what was published
    since would be published again. The mark was acknowledged by the true leader after all of that.
    """
    while True:
        end = int((await consumer.end_offsets([partition]))[partition])
        if end > mark:
            return end
        await asyncio.sleep(LOOK_AGAIN)


async def _last_number(consumer: AIOKafkaConsumer, partition: TopicPartition, end: int) -> int:
    """The last committed record, looked for from the end in growing strides: markers hold offsets too."""
    first = (await consumer.beginning_offsets([partition]))[partition]
    start, stride = end, 16
    while start > first:
        start = max(first, end - stride)
        consumer.seek(partition, start)
        number = None
        while await consumer.position(partition) < end:
            for record in (await consumer.getmany(partition, timeout_ms=200)).get(partition, []):
                number = RelayBatch.model_validate_json(record.value, extra="ignore").batch
        if number is not None:
            return number
        stride *= 16
    return 0
