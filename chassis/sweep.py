"""Goes over the whole journal again and again, a stretch at a time, and counts what this service lacks of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from infoparquet_contracts.envelope import id_of, type_of
from infoparquet_contracts.versions import SAME_AS

from chassis import comparison
from chassis.comparison import Fact, Holdings
from chassis.kafka import read_from
from chassis.metrics import Metrics
from chassis.reading import Reading
from chassis.sources import Source
from chassis.transaction import Transactions

log = structlog.get_logger()

STRETCH = 5000


@dataclass
class Sweep:
    """One process's; after a restart it begins anew."""

    transactions: Transactions
    journal: Source
    holdings: Holdings
    metrics: Metrics
    _places: dict[TopicPartition, int] = field(default_factory=dict)
    _lacking: set[UUID] = field(default_factory=set)

    async def go_on(
        self,
        reader: AIOKafkaConsumer,
        firsts: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
        before: datetime,
    ) -> None:
        """The next stretch, of what was written before that moment: what came since is perhaps still to be read."""
        places = {one: max(self._places.get(one, first), first) for one, first in firsts.items()}
        unread = [one for one, end in ends.items() if places[one] < end]
        read_from(reader, {one: places[one] for one in unread})
        read, reading = 0, Reading(reader.getmany)
        while read < STRETCH and any([await reader.position(one) < ends[one] for one in unread]):
            batches = await reading(timeout_ms=200)
            records = [record for batch in batches.values() for record in batch]
            read += len(records)
            await self._compare(_facts(records, before))
        self._places = places | {one: await reader.position(one) for one in unread}
        if all(self._places[one] >= end for one, end in ends.items()):
            self._end()

    async def _compare(self, facts: list[Fact]) -> None:
        async with self.transactions.engine.connect() as connection:
            self._lacking.update(await comparison.lacking(connection, self.holdings, self.journal, facts))

    def _end(self) -> None:
        self.metrics.lacking.set(len(self._lacking))
        if self._lacking:
            log.warning("reconciliation.lacking", facts=len(self._lacking))
        self._places, self._lacking = {}, set()


def _facts(records: Iterable[ConsumerRecord], before: datetime) -> list[Fact]:
    found = [_fact(record) for record in records if record.timestamp / 1000 < before.timestamp()]
    return [fact for fact in found if fact is not None]


def _fact(record: ConsumerRecord) -> Fact | None:
    """None where it cannot be read: that is a dead letter's business."""
    same = next((raw for name, raw in record.headers if name == SAME_AS), None)
    kind = type_of(record.headers, record.value)
    try:
        one = UUID(same.decode()) if same else UUID(id_of(record.headers, record.value))
        return Fact(one, UUID(record.key.decode()), kind or "")
    except (AttributeError, TypeError, ValueError):
        return None
