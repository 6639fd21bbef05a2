"""Creates the topics that are missing, as the contracts declare them; brokers create none by themselves.

A cluster of three of which a node is down is still one of three: its topics are never made with a single copy.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, NodeNotReadyError, TopicAlreadyExistsError, for_code
from aiokafka.protocol.metadata import MetadataRequest
from infoparquet_contracts.topics import Topic, replication

from chassis.errors import Unavailable
from chassis.kafka import KafkaSettings

AT_ONCE = 100
LOOK_AGAIN = 0.05
LIMIT = 30.0
_COPIES = "default.replication.factor"


@dataclass(frozen=True, slots=True)
class Created:
    """The names of the topics created, each on `copies` nodes of which `in_sync` take every write."""

    names: Sequence[str]
    copies: int
    in_sync: int


class TooFewNodes(Exception):  # noqa: N818 - nothing failed: the others have to be started
    """Fewer nodes answer than the topics want copies."""

    def __init__(self, present: int, copies: int) -> None:
        super().__init__(present, copies)
        self.present = present
        self.copies = copies


async def create_missing(kafka: KafkaSettings, topics: Sequence[Topic]) -> Created:
    """Create those of `topics` that the cluster lacks. Raises Unavailable("kafka") or TooFewNodes."""
    admin = AIOKafkaAdminClient(**kafka.client("infoparquet.migrate"), request_timeout_ms=30_000)
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        missing = [topic for topic in topics if topic.name not in existing]
        present = await _present(admin)
        nodes = max(len(present), await _copies_by_default(admin, present[0]))
        copies, in_sync = replication(nodes)
        if missing and len(present) < copies:
            raise TooFewNodes(len(present), copies)
        for start in range(0, len(missing), AT_ONCE):
            await _create(admin, missing[start : start + AT_ONCE], nodes)
        await _until_known(kafka, present, {topic.name for topic in topics})
    except (KafkaError, OSError, TimeoutError) as error:
        dependency = "kafka"
        raise Unavailable(dependency) from error
    finally:
        await admin.close()
    return Created([topic.name for topic in missing], copies, in_sync)


async def _present(admin: AIOKafkaAdminClient) -> list[int]:
    """Nodes that the controller takes for alive: for a moment, none of a cluster that rested."""
    nodes = [one["node_id"] for one in (await admin.describe_cluster())["brokers"]]
    if not nodes:
        raise NodeNotReadyError
    return nodes


async def _copies_by_default(admin: AIOKafkaAdminClient, node: int) -> int:
    """What the cluster was made for, whichever of its nodes are there now; 1 where we may not ask."""
    wanted = ConfigResource(ConfigResourceType.BROKER, str(node), {_COPIES: None})
    (answer,) = await admin.describe_configs([wanted])
    told = [int(value) for *_, entries in answer.resources for name, value, *_ in entries if name == _COPIES]
    return max(told, default=1)


async def _until_known(kafka: KafkaSettings, nodes: Sequence[int], topics: Collection[str]) -> None:
    """Nodes learn of a topic one after the other; a service that asks one too early would be told there is none."""
    client = AIOKafkaClient(**kafka.client("infoparquet.migrate"))
    try:
        await client.bootstrap()
        async with asyncio.timeout(LIMIT):
            await asyncio.gather(*(_until_known_by(client, node, topics) for node in nodes))
    finally:
        await client.close()


async def _until_known_by(client: AIOKafkaClient, node: int, topics: Collection[str]) -> None:
    while True:
        answer = await client.send(node, MetadataRequest(sorted(topics)))
        if not any(code for code, *_ in answer.topics):
            return
        await asyncio.sleep(LOOK_AGAIN)


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[Topic], nodes: int) -> None:
    factor, _ = replication(nodes)
    answer = await admin.create_topics(
        [NewTopic(one.name, one.partitions, factor, topic_configs=one.settings(nodes)) for one in topics],
        timeout_ms=30_000,
    )
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        # Another service's `migrate` may have been faster.
        if code and error is not TopicAlreadyExistsError:
            message = f"{name}: {error.__name__}"
            raise KafkaError(message)
