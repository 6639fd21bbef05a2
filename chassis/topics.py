"""Creates the topics that are missing, as the contracts declare them; brokers create none by themselves."""

from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from infoparquet_contracts.topics import Topic, replication

from chassis.errors import Unavailable
from chassis.kafka import KafkaSettings

AT_ONCE = 100


async def create_missing(kafka: KafkaSettings, topics: Sequence[Topic]) -> list[str]:
    """Create those of `topics` that the cluster lacks; returns their names. Raises Unavailable("kafka")."""
    admin = AIOKafkaAdminClient(**kafka.client("infoparquet.migrate"), request_timeout_ms=30_000)
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        nodes = len((await admin.describe_cluster())["brokers"])
        missing = [topic for topic in topics if topic.name not in existing]
        for start in range(0, len(missing), AT_ONCE):
            await _create(admin, missing[start : start + AT_ONCE], nodes)
    except (KafkaError, OSError) as error:
        dependency = "kafka"
        raise Unavailable(dependency) from error
    finally:
        await admin.close()
    return [topic.name for topic in missing]


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
