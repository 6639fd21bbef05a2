"""Where this service stands in each partition, in its own database: what decides where reading starts.

A position moves by compare-and-set in the transaction that holds the batch's effects, before them; an owner from
before a rebalance fails here and has touched nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy import BigInteger, Column, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import metadata

positions = Table(
    "positions",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
    Column("cluster_id", Text, nullable=False),
)


# Always locked in one order, so that two owners cannot wait for each other.
_LOCKED = text("""
    SELECT p.topic, p.partition, p.next_offset, p.cluster_id FROM positions AS p
    JOIN unnest(CAST(:topics AS text[]), CAST(:partitions AS int[])) AS m (topic, partition)
        ON p.topic = m.topic AND p.partition = m.partition
    ORDER BY p.topic, p.partition FOR UPDATE OF p
""")


_MOVE = text("""
    WITH locked AS (
        SELECT p.topic, p.partition, m.next_offset FROM positions AS p
        JOIN unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]),
                    CAST(:offsets AS bigint[]), CAST(:expected AS bigint[]))
             AS m (topic, partition, next_offset, expected)
            ON p.topic = m.topic AND p.partition = m.partition AND p.next_offset = m.expected
        ORDER BY p.topic, p.partition FOR UPDATE OF p)
    UPDATE positions AS p SET next_offset = l.next_offset FROM locked AS l
    WHERE p.topic = l.topic AND p.partition = l.partition
""")


class Superseded(Exception):  # noqa: N818 - nothing failed: another owner was faster
    """Another owner has moved a position since it was read; this batch is not ours to handle."""


class Misplaced(Exception):  # noqa: N818
    """The stored position cannot be of this log: another cluster, or beyond its end or before its start."""


# A node that was deposed while it was frozen learns of it sooner than this.
SURE_SECONDS = 5.0


class OutsideLog(Misplaced):
    """Before its start or beyond its end, as the leader says: or one who was deposed while it was frozen, and woke."""


def partition_of(record: ConsumerRecord) -> TopicPartition:
    """The one it stands in."""
    return TopicPartition(record.topic, record.partition)


def stand_within(
    stored: Mapping[TopicPartition, int], firsts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
) -> None:
    """Raises OutsideLog for a position that the log does not hold."""
    for one, offset in stored.items():
        if not firsts[one] <= offset <= ends[one]:
            message = f"{one.topic}[{one.partition}]: position {offset}, the log holds {firsts[one]} to {ends[one]}"
            raise OutsideLog(message)


async def load(
    connection: AsyncConnection, starts: Mapping[TopicPartition, int], cluster_id: str
) -> dict[TopicPartition, int]:
    """The next offset of each partition; where none is stored yet, `starts` becomes the first.

    Raises Misplaced where a stored position belongs to another cluster.
    """
    fresh = [
        {"topic": one.topic, "partition": one.partition, "next_offset": start, "cluster_id": cluster_id}
        for one, start in sorted(starts.items())
    ]
    await connection.execute(insert(positions).on_conflict_do_nothing(), fresh)
    stored = {}
    for topic, partition, next_offset, cluster in await connection.execute(_LOCKED, _names(starts)):
        if cluster != cluster_id:
            message = f"{topic}[{partition}]: position of cluster {cluster}, this one is {cluster_id}"
            raise Misplaced(message)
        stored[TopicPartition(topic, partition)] = int(next_offset)
    return stored


async def move(
    connection: AsyncConnection, expected: Mapping[TopicPartition, int], to: Mapping[TopicPartition, int]
) -> None:
    """Move every position in `to` from what is expected; raises Superseded if one is elsewhere."""
    partitions = sorted(to)
    moves = {"offsets": [to[one] for one in partitions], "expected": [expected.get(one) for one in partitions]}
    moved = await connection.execute(_MOVE, {**_names(partitions), **moves})
    if moved.rowcount != len(partitions):
        message = ", ".join(f"{one.topic}[{one.partition}]" for one in partitions)
        raise Superseded(message)


def _names(partitions: Iterable[TopicPartition]) -> dict[str, list[Any]]:
    named = sorted(partitions)
    return {"topics": [one.topic for one in named], "partitions": [one.partition for one in named]}
