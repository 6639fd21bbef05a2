"""Numbering and routing on three nodes of Apache Kafka: one may be lost at any moment, with two lost writes wait."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from infoparquet_contracts.topics import DEAD_LETTERS, JOURNAL, tribunal_topic

from chassis.kafka import KafkaSettings
from chassis.topics import TooFewNodes, create_missing
from cli.faults.evidence import records
from deploy.local.kafka import KafkaNode
from deploy.local.kafka_cluster import SIZE, KafkaCluster
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from tests.faults.road import Road, open_road
from tests.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Restarted nodes look through every log, on a machine that has other work.
PATIENCE = 120
# Made by no migration.
ANOTHER = tribunal_topic("tj00000")
ALONE = replace(ANOTHER, name="on-one-node-alone")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(road_folder: Path) -> AsyncIterator[KafkaCluster]:
    """The only one of all tests: three nodes cost three times one."""
    ports = free_ports(2 * SIZE)
    async with KafkaCluster(road_folder, ports[:SIZE], ports[SIZE:]) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def road(cluster: KafkaCluster, road_folder: Path) -> AsyncIterator[Road]:
    """Both services at work."""
    (port,) = free_ports(1)
    async with Postgres(road_folder / "postgres", port) as postgres, open_road(cluster, postgres, road_folder) as road:
        for service in road.services.values():
            await service.start()
        yield road


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(cluster: KafkaCluster) -> AsyncIterator[AIOKafkaAdminClient]:
    """Anyone's, from outside."""
    client = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await client.start()
    yield client
    await client.close()


async def topics_of(admin: AIOKafkaAdminClient) -> list[str]:
    """All that the migrations made."""
    return [name for name in await admin.list_topics() if name.startswith("infoparquet.")]


async def partitions(admin: AIOKafkaAdminClient, *topics: str) -> list[dict[str, Any]]:
    """Who leads and who follows each partition of the topics."""
    return [one for topic in await admin.describe_topics(list(topics)) for one in topic["partitions"]]


async def test_a_commit_waits_for_a_partition_that_is_without_a_leader(
    cluster: KafkaCluster, admin: AIOKafkaAdminClient
) -> None:
    """Apache Kafka 4.3 and 4.4 pass it over: nobody ends the transaction there, and no reader comes past it."""
    lost = cluster.nodes[-1]
    await admin.create_topics([NewTopic(ALONE.name, -1, -1, replica_assignments={0: [lost.node.id]})])
    async with (
        AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id="alone") as producer,
        producer.transaction(),
    ):
        await producer.send_and_wait(ALONE.name, b"committed")
        await lost.kill()
        await until(lambda: without_a_leader(admin), seconds=PATIENCE, what="a partition without a leader")
    await lost.start()
    await until(lambda: records(cluster.bootstrap, ALONE), seconds=PATIENCE, what="what was committed")


async def test_every_topic_has_three_copies_of_which_two_take_each_write(
    road: Road, admin: AIOKafkaAdminClient
) -> None:
    assert road.kafka.bootstrap.count(",") == 2
    topics = await topics_of(admin)
    assert len(topics) > 300
    assert {len(one["replicas"]) for one in await partitions(admin, *topics)} == {3}
    wanted = {"min.insync.replicas": None, "unclean.leader.election.enable": None}
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, one, wanted) for one in topics])
    settings = {tuple(sorted((name, value) for name, value, *_ in entries)) for *_, entries in answer.resources}
    assert settings == {(("min.insync.replicas", "2"), ("unclean.leader.election.enable", "false"))}


async def test_everything_arrives_once_when_the_controller_which_leads_the_journal_is_killed(
    road: Road, cluster: KafkaCluster, admin: AIOKafkaAdminClient
) -> None:
    await road.arrived(await road.submit(20), PATIENCE)
    victim = cluster.controller()
    assert victim.node.id in {one["leader"] for one in await partitions(admin, JOURNAL.name)}
    between = await road.submit(40)
    await road.arrived(between[:1], PATIENCE)
    await victim.kill()
    await road.arrived([*between, *await road.submit(10)], PATIENCE)
    with pytest.raises(TooFewNodes):
        await create_missing(KafkaSettings(bootstrap=cluster.bootstrap), [ANOTHER])
    await victim.start()
    await road.arrived(await road.submit(10), PATIENCE)
    await road.audit()
    await until(lambda: in_sync(admin, victim), seconds=PATIENCE, what="the node that came back in sync everywhere")


async def test_with_two_nodes_lost_nothing_is_acknowledged_and_all_goes_on_when_one_returns(
    road: Road, cluster: KafkaCluster
) -> None:
    remaining, returning, lost = cluster.nodes
    procedures = await road.submit(20)
    await asyncio.gather(returning.kill(), lost.kill())
    with pytest.raises(KafkaError):
        await acknowledged(remaining.bootstrap)
    submitting = asyncio.create_task(road.submit(10))
    await returning.start()
    await road.arrived([*procedures, *await submitting], PATIENCE)
    await road.audit()


async def without_a_leader(admin: AIOKafkaAdminClient) -> bool:
    """Whether the only node of that topic is known to be lost; it may be the one that is asked."""
    with contextlib.suppress(KafkaError):
        return {one["leader"] for one in await partitions(admin, ALONE.name)} == {-1}
    return False


async def acknowledged(bootstrap: str) -> None:
    """A record that nobody waits for, on every copy that a write needs. Raises KafkaError after 3 s."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", request_timeout_ms=3_000) as producer:
        await producer.send_and_wait(DEAD_LETTERS.name, b"{}", key=b"nobody's")


async def in_sync(admin: AIOKafkaAdminClient, node: KafkaNode) -> bool:
    """Whether it follows, or leads, all it should."""
    found = await partitions(admin, *await topics_of(admin))
    return all(node.node.id in one["isr"] for one in found)
