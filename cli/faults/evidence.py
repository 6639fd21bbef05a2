"""What can be seen from outside: the records committed on the topics, each with its place, and the mails caught."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from infoparquet_contracts.envelope import Event, decode
from infoparquet_contracts.overlap import superseded
from infoparquet_contracts.topics import JOURNAL, Topic, tribunal_topic

from chassis.kafka import partitions_of


class Placed(NamedTuple):
    """An event and where it stands."""

    topic: str
    partition: int
    offset: int
    event: Event[Any]


class Mail(NamedTuple):
    """A mail that was caught: about which fact of which procedure it is."""

    procedure: UUID
    fact: str


@dataclass(frozen=True)
class Evidence:
    """`accepted` says for each procedure that got a 202 what facts it should come to, in any order, mails apart.

    `told` are the facts that its author has a mail about; without mails (`None`), nothing is said of them.
    """

    accepted: Mapping[UUID, Sequence[str]]
    journal: Sequence[Placed]
    courts: Sequence[Placed]
    mails: Collection[Mail] | None = None
    told: Collection[str] = field(default=("numbered", "acknowledged"))


async def records(bootstrap: str, *topics: Topic, start_limit: float | None = None) -> list[ConsumerRecord]:
    """All that is committed on the topics, partition by partition in order.

    Raises TimeoutError where the broker has not answered after `start_limit` seconds.
    """
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    try:
        async with asyncio.timeout(start_limit):
            await reader.start()
        partitions = [one for topic in topics for one in partitions_of(topic)]
        ends = await reader.end_offsets(partitions)
        reader.assign(partitions)
        await reader.seek_to_beginning(*partitions)
        found: list[ConsumerRecord] = []
        while any([await reader.position(one) < end for one, end in ends.items()]):
            for batch in (await reader.getmany(timeout_ms=100)).values():
                found += batch
    finally:
        await reader.stop()
    return found


def placed(found: Iterable[ConsumerRecord]) -> list[Placed]:
    """The events of records, each once at its newest version."""
    return [
        Placed(one.topic, one.partition, one.offset, decode(one.key, one.value, one.headers))
        for one in found
        if not superseded(one.headers)
    ]


async def read_topics(bootstrap: str, courts: Collection[str]) -> tuple[list[Placed], list[Placed]]:
    """The journal, and the topics of these courts."""
    journal = placed(await records(bootstrap, JOURNAL))
    return journal, placed(await records(bootstrap, *(tribunal_topic(court) for court in sorted(courts))))
