"""When a Kafka broker can be worked with: it answers, and has a coordinator for transactions and for groups."""

import asyncio

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError

from deploy.local.readiness import POLL, when_listening

# Any key will do; the first lookup of each kind makes the broker create the topic its coordinators live on.
_KEY = "infoparquet.ready"


async def when_kafka_answers(port: int) -> None:
    """Answers once a transactional producer and a group could begin."""
    await when_listening(port)
    client = AIOKafkaClient(bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=5_000)
    try:
        await client.bootstrap()
        kinds = (CoordinationType.TRANSACTION, CoordinationType.GROUP)
        await asyncio.gather(*(_until_coordinated(client, kind) for kind in kinds))
    finally:
        await client.close()


async def _until_coordinated(client: AIOKafkaClient, kind: int) -> None:
    while True:
        try:
            await client.coordinator_lookup(kind, _KEY)
        except KafkaError:
            await asyncio.sleep(POLL)
        else:
            return
