"""Puts back the places of this service that the log no longer has: cut at its beginning, restored to an earlier end.

An operator asks for it, who alone knows why the log is not what it was. What is read again changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition
from infoparquet_contracts.identifiers import ServiceName
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import set_aside
from chassis.database import open_engine
from chassis.doorbell import Doorbell
from chassis.kafka import KafkaProbe, KafkaSettings
from chassis.metrics import Metrics
from chassis.positions import positions
from chassis.reconciliation import PLACE, open_reader
from chassis.room import Room
from chassis.settings import Settings
from chassis.transaction import Transactions

# As if all had been said now, so that owners say it again in the order of the road, and each procedure's facts in the
# journal's order: a microsecond a place.
_UNHEARD = text("""
    UPDATE said_facts
    SET partition = NULL, "offset" = NULL, said_at = now() + "offset" * CAST('1 microsecond' AS interval)
    WHERE partition = :partition AND ("offset" < :first OR :anew)
""")

# What had not been heard comes behind all that was.
_UNHEARD_YET = text("""
    UPDATE said_facts SET said_at = now() + (:reached + place) * CAST('1 microsecond' AS interval)
    WHERE partition IS NULL
""")

# It would go out before what was said before it. The broker may take now what the other refused, and is asked again.
_NOT_BEFORE_THE_OTHERS = text("DELETE FROM outbox AS o USING said_facts AS s WHERE s.outbox_id = o.id")


@dataclass(frozen=True, slots=True)
class Log:
    """What a cluster holds of some partitions."""

    cluster: str
    firsts: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]

    def has(self, one: TopicPartition, offset: int, cluster: str) -> bool:
        """Whether a place can be in it."""
        return cluster == self.cluster and self.firsts[one] <= offset <= self.ends[one]

    def lacks(self, one: TopicPartition, offset: int, cluster: str) -> bool:
        """Whether the end of what stood before a place is not in it: others will stand there."""
        return cluster != self.cluster or offset > self.ends[one]

    def kept(self, one: TopicPartition, cluster: str) -> int:
        """Up to where what stood in that cluster's log stands in this one, or nothing does any more."""
        return self.ends[one] if cluster == self.cluster else 0


async def read_anew(transactions: Transactions, probe: KafkaProbe, kafka: KafkaSettings) -> list[TopicPartition]:
    """Have every partition whose place is not in the log read from its beginning; which those are.

    What this service said and the log no longer has counts as never heard, so that it is said again.
    """
    async with transactions.engine.connect() as connection:
        stored = {_of_log(row.topic, row.partition) for row in await connection.execute(select(positions))}
    log = await _look(probe, kafka, stored)
    async with transactions.begin() as transaction:
        return await _put_back(transaction.connection, log)


async def read_anew_before_start(service: ServiceName, settings: Settings) -> list[TopicPartition]:
    """The same for a service that does not run."""
    engine = open_engine(settings.database_url, name=f"infoparquet {service}")
    probe, room = KafkaProbe(settings.kafka, service), Room(settings.outbox_limit, Metrics())
    try:
        transactions = Transactions(engine, service=service, relay_bell=Doorbell(engine, "outbox"), room=room)
        return await read_anew(transactions, probe, settings.kafka)
    finally:
        await probe.close()
        await engine.dispose()


async def _look(probe: KafkaProbe, kafka: KafkaSettings, partitions: set[TopicPartition]) -> Log:
    cluster = await probe.cluster_id()
    async with open_reader(kafka, "read_uncommitted") as reader:
        firsts = await reader.beginning_offsets(list(partitions))
        return Log(cluster, firsts, await reader.end_offsets(list(partitions)))


async def _put_back(connection: AsyncConnection, log: Log) -> list[TopicPartition]:
    ordered = select(positions).order_by(positions.c.topic, positions.c.partition).with_for_update()
    standing = [
        (one, row)
        for row in (await connection.execute(ordered)).all()
        if (one := _of_log(row.topic, row.partition)) in log.firsts
    ]
    journal = [(one, row) for one, row in standing if one.topic == JOURNAL.name]
    if any(log.lacks(one, row.next_offset, row.cluster_id) for one, row in journal):
        await connection.execute(_NOT_BEFORE_THE_OTHERS)
        await connection.execute(_UNHEARD_YET, {"reached": max(row.next_offset for _, row in journal)})
    moved = []
    for one, row in standing:
        anew = not log.has(one, row.next_offset, row.cluster_id)
        if row.topic == PLACE:
            gone = {"partition": one.partition, "first": log.firsts[one], "anew": anew}
            await connection.execute(_UNHEARD, gone)
        elif anew:
            await set_aside.leave(connection, one, log.kept(one, row.cluster_id))
        if anew:
            which = (positions.c.topic == row.topic, positions.c.partition == row.partition)
            start = {"next_offset": log.firsts[one], "cluster_id": log.cluster}
            await connection.execute(update(positions).where(*which).values(start))
            moved.append(one)
    return moved


def _of_log(topic: str, partition: int) -> TopicPartition:
    return TopicPartition(JOURNAL.name if topic == PLACE else topic, partition)
