"""`infoparquet tribunal reply` and `redeliver`: the record on the real replies topic, and what became of it."""

import asyncio
import json
from typing import Any

import pytest
import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from infoparquet_contracts.codes import ReplyRefusal
from infoparquet_contracts.court import ReplyRefused
from infoparquet_contracts.envelope import Event, decode
from infoparquet_contracts.topics import replies_topic
from typer.testing import CliRunner, Result

from chassis.kafka import KafkaSettings
from chassis.topics import create_missing
from cli.tribunal import tribunal
from deploy.local.kafka import ApacheKafka
from reference import default_url, load
from tests.builders import an_event
from tests.cli.court_topic import CourtTopic, a_delivery
from tests.processes import until

APP = typer.Typer()
APP.add_typer(tribunal, name="tribunal")
# The other end of the list than the tests of `listen`: topics' names are fixed.
_COURTS = iter(reversed(list(load(default_url()).courts)))


@pytest.fixture
async def topic(kafka_server: ApacheKafka) -> CourtTopic:
    court = next(_COURTS)
    await create_missing(KafkaSettings(bootstrap=kafka_server.bootstrap), [replies_topic(court)])
    return await CourtTopic.create(kafka_server.bootstrap, court)


async def run(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, APP, ["tribunal", *words])


async def reply(topic: CourtTopic, which: object, *words: str) -> Result:
    """By the topic alone."""
    return await run("reply", topic.court, str(which), *words, "--kafka", topic.bootstrap)


async def replies(topic: CourtTopic) -> list[Event[Any]]:
    """What is on the replies topic, as routing decodes it."""
    partition = TopicPartition(replies_topic(topic.court).name, 0)
    async with AIOKafkaConsumer(bootstrap_servers=topic.bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        records: list[Any] = []
        while await consumer.position(partition) < end:
            records += (await consumer.getmany(timeout_ms=200)).get(partition, [])
    return [decode(record.key, record.value, record.headers) for record in records]


async def test_a_reply_is_what_routing_reads(topic: CourtTopic) -> None:
    delivered = a_delivery(topic.court, number="2026-00000042-26")
    await topic.hand_over([delivered, a_delivery(topic.court, number="2026-00000043-23")])
    result = await reply(topic, delivered.subject, "registered", "--parquet-number", "26000123", "--wait", "0")
    assert result.exit_code == 0, result.stderr
    (said,) = await replies(topic)
    assert (said.type, said.source) == ("fr.justice.infoparquet.reply.registered.v1", f"/tribunals/{topic.court}")
    assert (said.subject, said.data.procedure, said.data.delivery) == (
        delivered.subject,
        delivered.subject,
        delivered.id,
    )
    assert said.data.parquet_number == "26000123"
    assert str(said.id) in result.stdout


async def test_the_last_delivery_is_answered_whatever_was_repeated_since(topic: CourtTopic) -> None:
    first, other = a_delivery(topic.court), a_delivery(topic.court, number="2026-00000099-99")
    second = an_event(first.data, subject=first.subject, source="/services/routing")
    await topic.hand_over([first, second, other, first])
    result = await reply(topic, first.data.number, "acknowledged", "--wait", "0", "--json")
    assert result.exit_code == 0, result.stderr
    (said,) = await replies(topic)
    assert said.data.delivery == second.id
    shown = json.loads(result.stdout)
    assert (shown["reply"], shown["procedure"], shown["outcome"]) == (str(said.id), str(first.subject), "sent")


async def test_another_delivery_can_be_named(topic: CourtTopic) -> None:
    first = a_delivery(topic.court)
    await topic.hand_over([first, an_event(first.data, subject=first.subject, source="/services/routing")])
    await reply(topic, first.subject, "acknowledged", "--wait", "0", "--delivery", str(first.id))
    assert [said.data.delivery for said in await replies(topic)] == [first.id]


async def test_a_refusal_is_told_and_is_a_failure(topic: CourtTopic) -> None:
    delivered = a_delivery(topic.court)
    await topic.hand_over([delivered])
    waiting = asyncio.create_task(reply(topic, delivered.subject, "closed", "--wait", "60"))
    ((said),) = await until(lambda: replies(topic), what="the reply")
    for answered in (delivered.id, said.id):
        refused = ReplyRefused(
            reply=answered, delivery=delivered.id, code=ReplyRefusal.OUT_OF_TURN, pointer="/delivery"
        )
        await topic.hand_over([an_event(refused, subject=delivered.subject, source="/services/routing")])
    result = await waiting
    assert result.exit_code == 1
    assert "Réponse impossible dans l’état de la procédure (/delivery)" in result.stderr


async def test_nothing_known_in_time_is_said_and_is_a_failure(topic: CourtTopic) -> None:
    delivered = a_delivery(topic.court)
    await topic.hand_over([delivered])
    followed = ("--url", "http://127.0.0.1:9", "--token", "any")
    result = await reply(topic, delivered.subject, "acknowledged", "--wait", "0.5", *followed)
    assert result.exit_code == 1
    assert "n’est pas à renvoyer" in result.stderr


async def test_with_kafka_alone_no_refusal_in_time_is_all_that_can_be_said(topic: CourtTopic) -> None:
    delivered = a_delivery(topic.court)
    await topic.hand_over([delivered])
    result = await reply(topic, delivered.subject, "acknowledged", "--wait", "0.5")
    assert result.exit_code == 0, result.stderr
    assert "aucun refus en 0,5 s" in result.stdout


async def test_what_was_never_delivered_is_not_answered(topic: CourtTopic) -> None:
    await topic.hand_over([a_delivery(topic.court)])
    await topic.plant(b"not JSON", [("ce_id", None)])
    result = await reply(topic, a_delivery(topic.court).subject, "acknowledged")
    assert result.exit_code == 1
    assert "n’a pas été remise" in result.stderr
    assert await replies(topic) == []


async def test_a_wrong_option_is_told_before_anything_is_asked() -> None:
    wrong = await run("reply", "tj33063", "42", "declined", "--reason", "busy", "--kafka", "127.0.0.1:9")
    assert wrong.exit_code == 2
    assert "other-territory (Incompétence territoriale)" in wrong.stderr
    assert (await run("reply", "tj33000", "42", "acknowledged")).exit_code == 2


async def test_a_missing_topic_and_a_silent_broker_are_failures(kafka_server: ApacheKafka) -> None:
    nowhere = await run("reply", "pnat", "42", "acknowledged", "--kafka", kafka_server.bootstrap)
    assert nowhere.exit_code == 1
    assert "infoparquet.tribunal.pnat.v1" in nowhere.stderr
    silent = await run("reply", "pnat", "42", "acknowledged", "--kafka", "127.0.0.1:9")
    assert silent.exit_code == 1
    assert "Kafka ne répond pas" in silent.stderr
