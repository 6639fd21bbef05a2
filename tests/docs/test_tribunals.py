"""What `docs/tribunals.md` and `docs/statuses.md` promise to a court's integrators, run as it stands in the pages."""

import re
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from infoparquet_contracts.codes import ReplyRefusal
from infoparquet_contracts.envelope import Event, decode
from infoparquet_contracts.registry import COURT_MESSAGES, REPLIES
from infoparquet_contracts.topics import replies_topic

from chassis.kafka import KafkaSettings
from chassis.topics import create_missing
from deploy.local.kafka import ApacheKafka
from tests.cli.court_topic import CourtTopic, a_delivery
from tests.docs.court_clients import TRIBUNALS, client, script
from tests.docs.statuses_page import PAGE, rendered
from tests.processes import until


def test_the_page_of_statuses_says_what_the_contracts_say() -> None:
    assert PAGE.read_text("utf-8") == rendered()


def test_the_page_names_every_message_every_reply_with_its_fields_and_every_refusal() -> None:
    page = TRIBUNALS.read_text("utf-8")
    for message in COURT_MESSAGES:
        assert f"| `{message.fact}` |" in page
    for reply in REPLIES:
        (row,) = re.findall(rf"^\| `{reply.fact}` \|(.*)\|$", page.split("## What the court replies")[1], re.MULTILINE)
        fields = set(reply.model_fields) - {"procedure", "delivery", "at"}
        assert set(re.findall(r"`([a-z_]+)`", row)) == fields
    for refusal in ReplyRefusal:
        assert f"| `{refusal.value}` |" in page


async def a_court(kafka: ApacheKafka, code: str) -> CourtTopic:
    await create_missing(KafkaSettings(bootstrap=kafka.bootstrap), [replies_topic(code)])
    return await CourtTopic.create(kafka.bootstrap, code)


async def replies(topic: CourtTopic) -> list[Event[Any]]:
    """What the court has answered, each reply once: one sent again has the same id and says the same."""
    partition = TopicPartition(replies_topic(topic.court).name, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=topic.bootstrap, auto_offset_reset="earliest")
    async with consumer:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        records: list[Any] = []
        while await consumer.position(partition) < end:
            records += (await consumer.getmany(timeout_ms=200)).get(partition, [])
    events = [decode(record.key, record.value, record.headers) for record in records]
    return [event for place, event in enumerate(events) if event not in events[:place]]


async def answered(topic: CourtTopic, count: int) -> list[Event[Any]]:
    async def enough() -> list[Event[Any]]:
        found = await replies(topic)
        return found if len(found) >= count else []

    return await until(enough, seconds=60, what=f"{count} replies")


def acknowledges(reply: Event[Any], court: str) -> UUID:
    """The delivery that it takes in."""
    assert reply.type == "fr.justice.infoparquet.reply.acknowledged.v1"
    assert (reply.source, reply.subject) == (f"/tribunals/{court}", reply.data.procedure)
    delivery: UUID = reply.data.delivery
    return delivery


async def test_the_client_of_the_page_acknowledges_each_delivery_once(
    kafka_server: ApacheKafka, tmp_path: Path
) -> None:
    topic = await a_court(kafka_server, "pnaco")
    first, second, third = (a_delivery(topic.court) for _ in range(3))
    await topic.hand_over([first, second, first])
    await topic.hand_over([a_delivery(topic.court)], aborted=True)
    async with client(topic.bootstrap, topic.court, tmp_path):
        await answered(topic, 2)
    # Killed at any point it begins again; what it has seen comes again as well.
    await topic.hand_over([second, third])
    async with client(topic.bootstrap, topic.court, tmp_path):
        said = await answered(topic, 3)
    assert [acknowledges(reply, topic.court) for reply in said] == [first.id, second.id, third.id]
    assert len({reply.id for reply in said}) == 3


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is a Debian package: apt-get install kcat")
async def test_the_script_of_the_page_acknowledges_each_delivery_once(
    kafka_server: ApacheKafka, tmp_path: Path
) -> None:
    topic = await a_court(kafka_server, "tj67482")
    first, second, third = (a_delivery(topic.court) for _ in range(3))
    await topic.hand_over([first, second, first])
    await topic.hand_over([a_delivery(topic.court)], aborted=True)
    await script(topic.bootstrap, topic.court, tmp_path)
    await topic.hand_over([second, third])
    await script(topic.bootstrap, topic.court, tmp_path)
    said = await replies(topic)
    assert [acknowledges(reply, topic.court) for reply in said] == [first.id, second.id, third.id]
    assert [reply.subject for reply in said] == [first.subject, second.subject, third.subject]
