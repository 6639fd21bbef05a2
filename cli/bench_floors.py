"""What the same broker and the same database do alone, in the same run: the floor that each figure stands beside."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from infoparquet_contracts.topics import JOURNAL

TOPIC = "infoparquet.bench.v1"
_TABLE = "CREATE TABLE IF NOT EXISTS bench_rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value bytea)"
_INSERT = "INSERT INTO bench_rows (value) VALUES ($1)"
_ROWS_A_STATEMENT = 1000


@dataclass(frozen=True, slots=True)
class Floors:
    """`database` is a URL whose owner may make a table; the topic and the table go with the stack."""

    kafka: str
    database: str

    async def prepare(self) -> None:
        """The table, and a topic cut like the journal."""
        async with self._connection() as connection:
            await connection.execute(_TABLE)
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        try:
            await admin.start()
            await admin.create_topics([NewTopic(TOPIC, JOURNAL.partitions, 1)])
        finally:
            await admin.close()

    async def commits(self, connections: int, seconds: float, value: bytes) -> float:
        """Durable commits of one row a second, from so many connections at once."""
        deadline = time.perf_counter() + seconds

        async def insert() -> int:
            done = 0
            async with self._connection() as connection:
                # However slow the machine, one each: nothing is compared with nothing.
                while not done or time.perf_counter() < deadline:
                    await connection.execute(_INSERT, value)
                    done += 1
            return done

        started = time.perf_counter()
        counts = await asyncio.gather(*(insert() for _ in range(connections)))
        return sum(counts) / (time.perf_counter() - started)

    async def round_trips(self, count: int, a_second: float, value: bytes) -> list[float]:
        """Milliseconds of one Kafka transaction of one record and then one durable commit, so many a second."""
        async with self._connection() as connection, self._producer(transactional_id=TOPIC) as producer:
            taken = []
            for _ in range(count):
                started = time.perf_counter()
                async with producer.transaction():
                    await producer.send_and_wait(TOPIC, value)
                await connection.execute(_INSERT, value)
                taken.append((time.perf_counter() - started) * 1000)
                await asyncio.sleep(max(0.0, 1 / a_second - (time.perf_counter() - started)))
        # The first asks for the producer's id, which a relay does once.
        return taken[1:]

    async def bulk(self, values: Sequence[bytes]) -> float:
        """Records a second: all produced, all consumed, all inserted in bulk, one after the other."""
        reader = AIOKafkaConsumer(bootstrap_servers=self.kafka, isolation_level="read_committed")
        async with reader, self._producer() as producer, self._connection() as connection:
            reader.assign([TopicPartition(TOPIC, number) for number in range(JOURNAL.partitions)])
            await reader.seek_to_end()
            for partition in reader.assignment():
                # The end is asked for only when the place is; it must be before the first record.
                await reader.position(partition)
            started = time.perf_counter()
            for place, value in enumerate(values):
                await producer.send(TOPIC, value, partition=place % JOURNAL.partitions)
            await producer.flush()
            read: list[bytes] = []
            while len(read) < len(values):
                for records in (await reader.getmany(timeout_ms=1000)).values():
                    read += [record.value for record in records]
            async with connection.transaction():
                for first in range(0, len(read), _ROWS_A_STATEMENT):
                    rows = read[first : first + _ROWS_A_STATEMENT]
                    await connection.execute("INSERT INTO bench_rows (value) SELECT unnest($1::bytea[])", rows)
            return len(values) / (time.perf_counter() - started)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(self.database)
        try:
            yield connection
        finally:
            await connection.close()

    def _producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self.kafka, transactional_id=transactional_id, acks="all", compression_type="lz4"
        )
