"""When a Kafka broker can be worked with: it answers, and has a coordinator for transactions and for groups."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError

from deploy.local.kafka_settings import HOST, Node
from deploy.local.readiness import POLL, when_listening

# Any key will do; the first lookup of each kind makes the broker create the topic its coordinators live on.
_KEY = "infoparquet.ready"
_COORDINATORS = ["__consumer_offsets", "__transaction_state"]


async def when_kafka_answers(node: Node) -> None:
    """Answers once the node is one of its cluster's, where a transactional producer and a group could begin."""
    await when_listening(node.port)
    client = AIOKafkaClient(bootstrap_servers=f"{HOST}:{node.port}", request_timeout_ms=5_000)
    try:
        await _until_met(client)
        # It listens before it is let in.
        while client.cluster.broker_metadata(node.id) is None:
            await asyncio.sleep(POLL)
            await client.force_metadata_update()
        kinds = (CoordinationType.TRANSACTION, CoordinationType.GROUP)
        await asyncio.gather(*(_until_coordinated(client, kind) for kind in kinds))
    finally:
        await client.close()


async def _until_met(client: AIOKafkaClient) -> None:
    # One that ended meanwhile is known by its process, not by its silence.
    while True:
        try:
            await client.bootstrap()
        except KafkaError:
            await asyncio.sleep(POLL)
        else:
            return


async def when_replicated(bootstrap: str, copies: int) -> None:
    """Answers once so many nodes are in sync on all that the coordinators write."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5_000)
    try:
        await admin.start()
        await _until_replicated(admin, copies)
    finally:
        await admin.close()


async def _until_replicated(admin: AIOKafkaAdminClient, copies: int) -> None:
    while True:
        if _replicated(await admin.describe_topics(_COORDINATORS), copies):
            return
        await asyncio.sleep(POLL)


def _replicated(topics: Sequence[Mapping[str, Any]], copies: int) -> bool:
    # A node that has not heard of a topic yet knows no partition of it.
    return all(
        topic["partitions"] and all(len(one["isr"]) == copies for one in topic["partitions"]) for topic in topics
    )


async def _until_coordinated(client: AIOKafkaClient, kind: int) -> None:
    while True:
        try:
            await client.coordinator_lookup(kind, _KEY)
        except KafkaError:
            await asyncio.sleep(POLL)
        else:
            return
