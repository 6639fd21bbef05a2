"""`infoparquet tribunal listen`: each delivery of a real topic once, nothing of an aborted transaction, none lost."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from infoparquet_contracts.court import Recall, ReplyRefused, Supplement, Withdrawal
from infoparquet_contracts.envelope import Event
from typer.testing import CliRunner

from chassis.clock import new_id
from cli.tribunal import Subscription, Unreadable, read, tribunal
from cli.tribunal_lines import line_of
from deploy.local.kafka import ApacheKafka
from reference import default_url, load
from tests.builders import an_event
from tests.cli.court_topic import CourtTopic, a_delivery
from tests.cli.lossy_intake import a_document
from tests.processes import ROOT

APP = typer.Typer()
APP.add_typer(tribunal, name="tribunal")
COMMAND = "from tests.cli.test_tribunal_listen import APP; APP()"
# The topics' names are fixed: each test has a court to itself.
_COURTS = iter(load(default_url()).courts)


@pytest.fixture
async def topic(kafka_server: ApacheKafka) -> CourtTopic:
    return await CourtTopic.create(kafka_server.bootstrap, next(_COURTS))


async def shown_once(topic: CourtTopic, group: str | None = None) -> list[Event[Any]]:
    """What `--once` shows to a group, a new one unless named."""
    found: list[Event[Any]] = []
    name = f"tribunal.{topic.court}.{group or new_id()}"
    await read(Subscription(topic.bootstrap, topic.court, name, once=True), lambda _, event: found.append(event))
    return found


@asynccontextmanager
async def listening(topic: CourtTopic, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMAND, "tribunal", "listen", topic.court, "--kafka", topic.bootstrap, *arguments,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_what_was_delivered_is_shown_once_from_the_beginning(topic: CourtTopic) -> None:
    first, second = a_delivery(topic.court), a_delivery(topic.court)
    await topic.hand_over([first])
    await topic.hand_over([second])
    assert await shown_once(topic) == [first, second]


async def test_what_an_aborted_transaction_left_is_never_shown(topic: CourtTopic) -> None:
    delivered, later = a_delivery(topic.court), a_delivery(topic.court)
    await topic.hand_over([a_delivery(topic.court)], aborted=True)
    await topic.hand_over([delivered])
    await topic.hand_over([a_delivery(topic.court)], aborted=True)
    assert await shown_once(topic) == [delivered]
    await topic.hand_over([later])
    assert await shown_once(topic) == [delivered, later]


async def test_a_delivery_repeated_under_its_id_is_shown_once(topic: CourtTopic) -> None:
    delivered, other = a_delivery(topic.court), a_delivery(topic.court)
    await topic.hand_over([delivered, other])
    # Routing delivers again, under the same id, to a court that was away.
    await topic.hand_over([delivered])
    assert await shown_once(topic) == [delivered, other]


async def test_a_group_goes_on_where_it_stopped_and_another_reads_all(topic: CourtTopic) -> None:
    first, second = a_delivery(topic.court), a_delivery(topic.court)
    await topic.hand_over([first])
    assert await shown_once(topic, "case-system") == [first]
    assert await shown_once(topic, "case-system") == []
    await topic.hand_over([second])
    assert await shown_once(topic, "case-system") == [second]
    assert await shown_once(topic, "archive") == [first, second]


async def test_a_reader_stopped_before_it_has_shown_a_message_shows_it_again(topic: CourtTopic) -> None:
    delivered = a_delivery(topic.court)
    await topic.hand_over([delivered])

    def printer_that_breaks(*_: object) -> None:
        raise BrokenPipeError

    group = f"tribunal.{topic.court}.case-system"
    with pytest.raises(BrokenPipeError):
        await read(Subscription(topic.bootstrap, topic.court, group, once=True), printer_that_breaks)
    assert await shown_once(topic, "case-system") == [delivered]


async def test_an_unreadable_message_is_told_and_the_next_ones_are_shown(
    topic: CourtTopic, capsys: pytest.CaptureFixture[str]
) -> None:
    delivered = a_delivery(topic.court)
    await topic.plant(b"not an event")
    await topic.plant(b"{}", [("ce_id", None)])
    await topic.hand_over([delivered])
    assert await shown_once(topic) == [delivered]
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(" :")[0] for line in told] == ["Message 0 illisible", "Message 1 illisible"]


async def test_nothing_delivered_yet_is_no_error(topic: CourtTopic) -> None:
    assert await shown_once(topic) == []


async def test_a_topic_that_does_not_exist_is_said(kafka_server: ApacheKafka) -> None:
    subscription = Subscription(kafka_server.bootstrap, "pnaco", "tribunal.pnaco.listen", once=True)
    with pytest.raises(Unreadable, match=r"infoparquet\.tribunal\.pnaco\.v1 n’existe pas"):
        await read(subscription, print)


async def test_json_is_a_cloud_event_a_line_and_nothing_else(topic: CourtTopic) -> None:
    delivered = a_delivery(topic.court, urgent=True)
    await topic.hand_over([delivered])
    async with listening(topic, "--once", "--json") as process:
        out, err = await process.communicate()
    assert (process.returncode, err.decode()) == (0, "")
    (line,) = out.decode().splitlines()
    shown = json.loads(line)
    assert shown == {
        "specversion": "1.0",
        "id": str(delivered.id),
        "source": "/services/routing",
        "type": "fr.justice.infoparquet.tribunal.delivery.v1",
        "subject": str(delivered.subject),
        "time": "2026-11-23T12:00:00Z",
        "dataschema": delivered.dataschema,
        "datacontenttype": "application/json",
        "partition": 0,
        "offset": 0,
        "data": delivered.data.model_dump(mode="json"),
    }


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_deliveries_are_shown_as_they_come_until_somebody_stops_it(
    topic: CourtTopic, how: signal.Signals
) -> None:
    async with listening(topic) as process:
        assert process.stdout is not None
        for number in ("2026-00000042-26", "2026-00000043-23"):
            await topic.hand_over([a_delivery(topic.court, number=number)])
            line = await asyncio.wait_for(process.stdout.readline(), 90)
            assert number in line.decode()
        process.send_signal(how)
        assert await asyncio.wait_for(process.wait(), 60) == 0
        assert process.stderr is not None
        assert await process.stderr.read() == b""


@pytest.mark.measured
async def test_a_reader_that_was_stopped_gives_way_to_the_next_of_its_group_at_once(topic: CourtTopic) -> None:
    first, second = a_delivery(topic.court), a_delivery(topic.court)
    await topic.hand_over([first])
    async with listening(topic, "--json") as process:
        assert process.stdout is not None
        assert json.loads(await asyncio.wait_for(process.stdout.readline(), 90))["id"] == str(first.id)
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 60)
    await topic.hand_over([second])
    # Less than a session that was not ended: the group was left.
    async with asyncio.timeout(8):
        assert second in await shown_once(topic, "listen")


def test_a_delivery_is_one_line_in_paris_time() -> None:
    delivered = a_delivery("tj33063", urgent=True)
    assert line_of(delivered).plain == (
        "23/11/2026 13:00:00  2026-00000042-26  DREAL33-1  dreal-33  "
        "URGENT : prescription proche, avant le 20/12/2026  cpp-43-facts  sans pièce  "
        f"https://infoparquet.example/v1/dossiers/{delivered.subject}"
    )
    assert "URGENT" not in line_of(a_delivery("tj33063")).plain


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda one: Supplement(procedure=one, delivery=one, documents=()), "complément"),
        (lambda one: Supplement(procedure=one, delivery=one, documents=(a_document(b"1"),)), "1 pièce"),
        (
            lambda one: Supplement(procedure=one, delivery=one, documents=(a_document(b"1"), a_document(b""))),
            "2 pièces",
        ),
        (lambda one: Withdrawal(procedure=one, delivery=one, reason="duplicate"), "Doublon d’une autre procédure"),
        (lambda one: Recall(procedure=one, delivery=one, reason="declined"), "Le tribunal s’est déclaré incompétent"),
        (
            lambda one: ReplyRefused(reply=None, delivery=one, code="out-of-turn", pointer="/at"),
            "Réponse impossible dans l’état de la procédure  /at",
        ),
    ],
)
def test_whatever_else_a_court_is_told_is_a_line_too(data: Any, words: str) -> None:
    procedure = new_id()
    line = line_of(an_event(data(procedure), subject=procedure)).plain
    assert str(procedure) in line
    assert words in line


@pytest.mark.parametrize(("typed", "near"), [("tj33036", "tj33063"), ("bordeaux", "tj33063"), ("TJ75056", "tj75056")])
def test_a_wrong_code_is_wrong_use_and_the_nearest_are_proposed(typed: str, near: str) -> None:
    result = CliRunner().invoke(APP, ["tribunal", "listen", typed, "--kafka", "127.0.0.1:9"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{near} (Tribunal judiciaire de" in result.stderr


def test_without_a_running_system_it_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(APP, ["tribunal", "listen", "pnf", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "infoparquet up" in result.stderr


def test_a_broker_that_does_not_answer_is_said() -> None:
    result = CliRunner().invoke(APP, ["tribunal", "listen", "tj33063", "--kafka", "127.0.0.1:9", "--once"])
    assert result.exit_code == 1
    assert "Kafka ne répond pas" in result.stderr
