"""`infoparquet tribunal`, and `listen`: a court's side of its topic, in plain aiokafka, for integrators to start from.

What an aborted transaction left is never shown, a message seen before is dropped, and the place in the topic is
kept only after a message was shown: stopped in between, it is shown again, never lost.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import typer
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError
from infoparquet_contracts.envelope import Event, Undecodable, decode
from infoparquet_contracts.topics import tribunal_group, tribunal_topic
from rich.console import Console

from cli.failures import FAILED, stop
from cli.session import DEFAULT_DATA, DataOption
from cli.tribunal_code import CODE, KAFKA, kafka_silent, require_court, running_kafka
from cli.tribunal_fetch import fetch
from cli.tribunal_lines import as_cloud_event, line_of
from cli.tribunal_redeliver import redeliver
from cli.tribunal_reply import reply
from cli.until_stopped import until_stopped
from deploy.local.failures import StackError

ASSIGNED_WITHIN_SECONDS = 30.0
_POLL_MS = 200

_GROUP = typer.Option(help="Groupe de lecture (tribunal.CODE.listen par défaut) ; un autre relit tout depuis le début.")
_ONCE = typer.Option("--once", help="Lit ce qui est là, puis s’arrête.")
_JSON = typer.Option("--json", help="Écrit un événement CloudEvents par ligne (NDJSON).")

tribunal = typer.Typer(help="Le côté d’un tribunal : ce qui lui est remis, ce qu’il répond.", no_args_is_help=True)
tribunal.command("reply")(reply)
tribunal.command("fetch")(fetch)
tribunal.command("redeliver")(redeliver)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who reads which court's topic where; `once` stops at what is there now."""

    kafka: str
    code: str
    group: str
    once: bool

    @property
    def topic(self) -> str:
        """The court's own."""
        return tribunal_topic(self.code).name


class Unreadable(Exception):  # noqa: N818 - why, in French, is its message
    """The topic cannot be read."""


Show = Callable[[ConsumerRecord, Event[Any]], None]


@tribunal.command("listen")
def listen(
    code: Annotated[str, CODE],
    data: DataOption = DEFAULT_DATA,
    kafka: Annotated[str | None, KAFKA] = None,
    group: Annotated[str | None, _GROUP] = None,
    once: Annotated[bool, _ONCE] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Montre ce qui est remis à un tribunal, au fur et à mesure, jusqu’à Ctrl-C."""
    require_court(code)
    try:
        subscription = Subscription(kafka or running_kafka(data), code, group or tribunal_group(code, "listen"), once)
        asyncio.run(_listen(subscription, _write_json if as_json else _writer()))
    except (StackError, Unreadable) as failure:
        stop(FAILED, str(failure))
    except (KafkaError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        stop(FAILED, kafka_silent(error))


async def read(subscription: Subscription, show: Show) -> None:
    """Hand each message of the court's topic to `show`, once. Raises Unreadable or KafkaError."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=subscription.kafka,
        group_id=subscription.group,
        # A group that has never read begins with the first message there ever was.
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        enable_auto_commit=False,
        # A reader that was killed gives way to the next within 10 s, on any broker.
        session_timeout_ms=10_000,
        max_poll_interval_ms=10_000,
        rebalance_timeout_ms=10_000,
    )
    try:
        await consumer.start()
        if subscription.topic not in await consumer.topics():
            remedy = "lancez « infoparquet migrate routing », ou vérifiez vos droits"
            raise Unreadable(f"Le sujet {subscription.topic} n’existe pas sur ce Kafka : {remedy}.")
        consumer.subscribe([subscription.topic])
        await _follow(consumer, subscription, show)
    finally:
        await consumer.stop()


async def _follow(consumer: AIOKafkaConsumer, subscription: Subscription, show: Show) -> None:
    # Kept with the messages themselves in a real system, in the same transaction, and for ever.
    seen: set[UUID] = set()
    partition = TopicPartition(subscription.topic, 0)
    end = (await consumer.end_offsets([partition]))[partition]
    deadline = asyncio.get_running_loop().time() + ASSIGNED_WITHIN_SECONDS
    while True:
        records = (await consumer.getmany(timeout_ms=_POLL_MS)).get(partition, [])
        for record in records:
            event = _decoded(record)
            if event is not None and event.id not in seen:
                show(record, event)
                seen.add(event.id)
        if records:
            # Another member that took the partition over reads it again: shown twice rather than never.
            with contextlib.suppress(CommitFailedError):
                await consumer.commit({partition: records[-1].offset + 1})
        if not subscription.once:
            continue
        if partition in consumer.assignment():
            if await consumer.position(partition) >= end:
                return
        elif asyncio.get_running_loop().time() > deadline:
            raise Unreadable(f"Le groupe {subscription.group} est déjà lu par un autre programme : arrêtez-le d’abord.")


def _decoded(record: ConsumerRecord) -> Event[Any] | None:
    try:
        return decode(record.key, record.value, record.headers)
    except Undecodable as fault:
        # Not a reason to stop: the next may be urgent.
        print(f"Message {record.offset} illisible : {fault.code.label} ({fault.code}).", file=sys.stderr)
        return None


async def _listen(subscription: Subscription, show: Show) -> None:
    await until_stopped(read(subscription, show))


def _write_json(record: ConsumerRecord, event: Event[Any]) -> None:
    print(json.dumps(as_cloud_event(record, event), ensure_ascii=False), flush=True)


def _writer() -> Show:
    console = Console(highlight=False)

    def write(_: ConsumerRecord, event: Event[Any]) -> None:
        console.print(line_of(event), soft_wrap=True)

    return write
