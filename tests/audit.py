"""What the topics say, read from outside as anyone could, and whether it is what was promised."""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from infoparquet_contracts.envelope import Event, decode
from infoparquet_contracts.overlap import superseded
from infoparquet_contracts.registry import FACTS
from infoparquet_contracts.status import fold
from infoparquet_contracts.topics import JOURNAL, Topic, tribunal_topic

ROAD = ("submitted", "numbered", "routed", "delivered")


async def read(bootstrap: str, *topics: Topic) -> list[tuple[ConsumerRecord, Event[Any]]]:
    """The events that are committed on the topics, each at its newest version, partition by partition in order."""
    found = await records(bootstrap, *topics)
    return [
        (record, decode(record.key, record.value, record.headers)) for record in found if not superseded(record.headers)
    ]


async def records(bootstrap: str, *topics: Topic) -> list[ConsumerRecord]:
    """All that is committed on the topics, partition by partition in order."""
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    try:
        await reader.start()
        partitions = [TopicPartition(topic.name, one) for topic in topics for one in range(topic.partitions)]
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


async def arrived(
    bootstrap: str, procedures: Collection[UUID], seconds: float = 60, *, fact: str = "delivered"
) -> None:
    """Wait until the journal says the fact of each of the procedures; it is read once, and then followed."""
    missing = {str(one).encode() for one in procedures}
    kind = next(model.event_type for model in FACTS if model.fact == fact).encode()
    try:
        async with asyncio.timeout(seconds):
            while missing:
                # The broker may be the part that was killed.
                with contextlib.suppress(KafkaError):
                    await _follow(bootstrap, kind, missing)
                await asyncio.sleep(0.1)
    except TimeoutError:
        message = f"not {fact} within {seconds} s: {len(missing)} of {len(procedures)}"
        raise AssertionError(message) from None


async def _follow(bootstrap: str, kind: bytes, missing: set[bytes]) -> None:
    partitions = [TopicPartition(JOURNAL.name, one) for one in range(JOURNAL.partitions)]
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    try:
        await reader.start()
        reader.assign(partitions)
        await reader.seek_to_beginning(*partitions)
        while missing:
            for batch in (await reader.getmany(timeout_ms=500)).values():
                missing -= {record.key for record in batch if ("ce_type", kind) in record.headers}
    finally:
        await reader.stop()


async def audit(bootstrap: str, procedures: Collection[UUID], *, and_then: Sequence[str] = ()) -> None:
    """Every procedure once, in order, at its court, with one number and none missing; from the topics alone.

    `and_then` are the facts that follow the delivery of each.
    """
    facts = [event for _, event in await read(bootstrap, JOURNAL)]
    assert not [one for one, times in Counter(event.id for event in facts).items() if times > 1]
    by_procedure: dict[UUID, list[Event[Any]]] = defaultdict(list)
    for event in facts:
        by_procedure[event.subject].append(event)
    assert set(by_procedure) == set(procedures), "what was accepted and what arrived differ"
    for told in by_procedure.values():
        _audit_order(told, and_then)
    _audit_numbers(facts)
    await _audit_deliveries(bootstrap, by_procedure)


def _audit_order(told: Sequence[Event[Any]], and_then: Sequence[str]) -> None:
    # Whether authors could be told is another matter.
    kinds = [event.data.fact for event in told if event.source != "/services/notify"]
    assert sorted(kinds) == sorted([*ROAD, *and_then]), kinds
    state = None
    for event in told:
        step = fold(state, event)
        assert step.applied, kinds
        state = step.state


def _audit_numbers(facts: Sequence[Event[Any]]) -> None:
    numbers = [event.data.number for event in facts if event.data.fact == "numbered"]
    sequences = sorted(int(number.split("-")[1]) for number in numbers)
    assert sequences == list(range(1, len(sequences) + 1)), "a number is missing or was given twice"


async def _audit_deliveries(bootstrap: str, by_procedure: Mapping[UUID, Sequence[Event[Any]]]) -> None:
    receipts = [event.data for told in by_procedure.values() for event in told if event.data.fact == "delivered"]
    topics = [tribunal_topic(court) for court in sorted({receipt.tribunal for receipt in receipts})]
    deliveries = await read(bootstrap, *topics)
    placed = {event.id: (record, event) for record, event in deliveries}
    assert len(placed) == len(deliveries), "a delivery stands twice"
    assert Counter(event.subject for _, event in deliveries) == Counter(by_procedure.keys())
    for receipt in receipts:
        record, event = placed[receipt.delivery]
        assert (record.topic, record.partition, record.offset) == (receipt.topic, receipt.partition, receipt.offset)
        assert event.data.decision.tribunal == receipt.tribunal
