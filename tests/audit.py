"""What the topics say, read from outside as anyone could, and whether it is what was promised."""

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError
from infoparquet_contracts.envelope import Event, decode
from infoparquet_contracts.overlap import superseded
from infoparquet_contracts.registry import FACTS
from infoparquet_contracts.topics import JOURNAL, Topic, tribunal_topic

from chassis.kafka import partitions_of
from cli.faults import audit as product
from cli.faults.evidence import Evidence, placed, records

ROAD = ("submitted", "numbered", "routed", "delivered")


async def read(bootstrap: str, *topics: Topic) -> list[tuple[ConsumerRecord, Event[Any]]]:
    """The events that are committed on the topics, each at its newest version, partition by partition in order."""
    found = await records(bootstrap, *topics)
    return [
        (record, decode(record.key, record.value, record.headers)) for record in found if not superseded(record.headers)
    ]


async def arrived(
    bootstrap: str, procedures: Collection[UUID], seconds: float = 120, *, fact: str = "delivered"
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
    partitions = partitions_of(JOURNAL)
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

    `and_then` are the facts that follow the delivery of each. Whether authors could be told is another matter.
    """
    journal = placed(await records(bootstrap, JOURNAL))
    receipts = [one.event.data for one in journal if one.event.data.fact == "delivered"]
    topics = [tribunal_topic(court) for court in sorted({receipt.tribunal for receipt in receipts})]
    accepted = dict.fromkeys(procedures, (*ROAD, *and_then))
    evidence = Evidence(accepted, journal, placed(await records(bootstrap, *topics)))
    for offence in product.audit(evidence):
        raise AssertionError("\n".join(product.trace(evidence, offence)))
