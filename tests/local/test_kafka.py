"""Apache Kafka as the local stack starts it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from deploy.local.failures import StackError
from deploy.local.folders import fresh_folder
from deploy.local.kafka import ApacheKafka
from deploy.local.light import LightBroker
from deploy.local.ports import free_ports

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker() -> AsyncIterator[ApacheKafka]:
    folder = fresh_folder()
    async with ApacheKafka(folder / "un dossier, d’été" / "kafka", *free_ports(2)) as running:
        yield running
    shutil.rmtree(folder)


async def create_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1)])
    await admin.close()


async def send_in_transaction(bootstrap: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="test")
    await producer.start()
    async with producer.transaction():
        await producer.send_and_wait(topic, value)
    await producer.stop()


async def committed(bootstrap: str, topic: str) -> list[bytes]:
    reader = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await reader.start()
    partition = TopicPartition(topic, 0)
    reader.assign([partition])
    end = (await reader.end_offsets([partition]))[partition]
    values = []
    while await reader.position(partition) < end:
        values += [record.value for records in (await reader.getmany(timeout_ms=500)).values() for record in records]
    await reader.stop()
    return values


async def test_what_a_transaction_committed_survives_kill_9(broker: ApacheKafka) -> None:
    await create_topic(broker.bootstrap, "kept")
    await send_in_transaction(broker.bootstrap, "kept", b"before")
    await broker.kill()
    await broker.start()
    await send_in_transaction(broker.bootstrap, "kept", b"after")
    assert await committed(broker.bootstrap, "kept") == [b"before", b"after"]


async def test_sending_creates_no_topic(broker: ApacheKafka) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, request_timeout_ms=1_000)
    await producer.start()
    with pytest.raises(KafkaError):
        await producer.send_and_wait("never-made", b"x")
    await producer.stop()


async def test_it_listens_on_the_loopback_interface_alone(broker: ApacheKafka) -> None:
    listening = {address for address, inode in _listening_sockets() if inode in _inodes_of(broker.pid)}
    # As the kernel writes 127.0.0.1, by itself or within IPv6.
    assert listening
    assert all(address.endswith("0100007F") for address in listening), listening


async def test_a_formatting_that_was_killed_half_way_is_done_again(folder: Path) -> None:
    left = folder / "kafka" / "log.unfinished"
    left.mkdir(parents=True)
    (left / "meta.properties").write_text("half")
    async with ApacheKafka(folder / "kafka", *free_ports(2)) as broker:
        assert broker.child is not None
        assert broker.child.running


async def test_data_that_a_later_version_began_is_refused_by_name(folder: Path) -> None:
    log = folder / "kafka" / "log"
    log.mkdir(parents=True)
    (log / "meta.properties").touch()
    (folder / "kafka" / "formatted-by").write_text("99.1.0")
    with pytest.raises(StackError, match=r"Apache Kafka 99\.1\.0"):
        await ApacheKafka(folder / "kafka", *free_ports(2)).start()


async def test_the_light_broker_keeps_what_it_has_when_it_is_stopped_in_order(folder: Path) -> None:
    broker = LightBroker(folder / "light", *free_ports(1))
    async with broker:
        await create_topic(broker.bootstrap, "kept")
        await send_in_transaction(broker.bootstrap, "kept", b"before")
    async with broker:
        assert await committed(broker.bootstrap, "kept") == [b"before"]


def _listening_sockets() -> list[tuple[str, str]]:
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return [(row[1].partition(":")[0], row[9]) for row in rows if row[3] == "0A"]


def _inodes_of(pid: int) -> set[str]:
    links = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(str(descriptor.readlink()))
        except FileNotFoundError:
            continue
    return {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:")}
