"""Facts as they are applied, to whoever may know them: none missing, none twice, whatever happens in between."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from infoparquet_contracts.payload import Payload

from chassis.clock import new_id
from services.query.fanout import MOST_WAITING, Fanout, Stream
from tests.contracts.builders import PARIS
from tests.processes import until
from tests.services.in_process import InProcess
from tests.services.query.histories import a_submission, said, until_delivery
from tests.services.query.journals import facts
from tests.services.query.listening import Heard, Listening, listening
from tests.services.query.test_feed import COURT, OTHER, OTHER_COURT, OWNER, ROAD, ids, page, pages, told


@pytest_asyncio.fixture
async def streams(query: InProcess) -> AsyncIterator[Listening]:
    async with listening(query.running, query.issuer) as one:
        yield one


async def test_a_page_that_loads_and_then_follows_misses_nothing(query: InProcess, streams: Listening) -> None:
    events = said(*ROAD)
    await query.read(*events[:2])
    path = f"/v1/procedures/{events[0].subject}"
    async with streams.open(f"{path}/stream", OWNER) as stream:
        here = await stream.next()
        assert here is not None
        assert (here.event, here.data) == ("here", {"cursor": here.id})
        await query.read(events[2])
        loaded = [entry["id"] for entry in (await query.get(path, OWNER)).json()["timeline"]]
        await query.read(*events[3:])
        followed = await stream.facts(len(events) - 2)
    assert loaded == told(events[:3])
    assert followed == told(events[2:])
    # What it said is a place of the feed as well.
    assert ids(await pages(query, 3, after=here.id)) == followed


async def test_an_event_is_one_line_of_what_the_feed_says_under_its_cursor(
    query: InProcess, streams: Listening
) -> None:
    async with streams.open(organisation=OWNER) as stream:
        await stream.next()
        await query.read(*said(*ROAD))
        heard = await stream.next()
    (first,) = (await page(query, limit=1))["facts"]
    assert heard is not None
    assert (heard.event, heard.data) == ("fact", first)
    assert heard.id == (await page(query, limit=1))["next"]
    headers = stream.answer.headers
    assert (headers["content-type"], headers["cache-control"], headers["x-accel-buffering"]) == (
        "text/event-stream; charset=utf-8",
        "no-store",
        "no",
    )


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(facts, max_size=12), st.integers(0, 12))
async def test_whoever_comes_again_after_any_event_hears_the_rest(
    query: InProcess, streams: Listening, written: list[Payload], known: int
) -> None:
    events = said(a_submission(), *written, subject=new_id())
    await query.read(*events[:known])
    start = (await pages(query, 1000, "operator"))[-1]["next"]
    cursors = [one.id for one in await heard_after(streams, start, 0)]
    assert cursors == []
    await query.read(*events)
    expected = events[min(known, len(events)) :] if known else events
    whole = await heard_after(streams, start, len(expected))
    assert [one.data["id"] for one in whole] == told(expected)
    for place, one in enumerate(whole):
        rest = await heard_after(streams, one.id, len(whole) - place - 1)
        assert rest == whole[place + 1 :]


async def heard_after(streams: Listening, place: str, count: int) -> list[Heard]:
    async with streams.open(after=place) as stream:
        return [one for one in [await stream.next() for _ in range(count)] if one is not None]


async def test_streams_tell_each_organisation_its_own(query: InProcess, streams: Listening) -> None:
    events, marker = said(*ROAD), said(*until_delivery(a_submission("END", administration="dreal-64")))
    late = said(*until_delivery(a_submission("END"), tribunal=PARIS))
    async with (
        streams.open(organisation=OWNER) as owner,
        streams.open(organisation=OTHER) as other,
        streams.open(organisation=COURT) as court,
        streams.open(organisation=OTHER_COURT) as other_court,
        streams.open(organisation="operator") as operator,
    ):
        for stream in (owner, other, court, other_court, operator):
            await stream.next()
        await query.read(*events)
        await query.read(*marker)
        await query.read(*late)
        assert await owner.facts(len(events) + 4) == told([*events, *late])
        assert await other.facts(4) == told(marker)
        assert await court.facts(3) == told([*events[3:5], marker[3]])
        assert await other_court.facts(3) == told([*events[6:], late[3]])
        assert await operator.facts(len(events) + 8) == told([*events, *marker, *late])


async def test_a_procedure_of_another_is_not_there_to_be_followed(query: InProcess, streams: Listening) -> None:
    events = said(*until_delivery())
    await query.read(*events)
    path = f"/v1/procedures/{events[0].subject}/stream"
    for who in (OTHER, OTHER_COURT):
        assert await streams.refused(path, who) == 404
    assert await streams.refused("/v1/procedures/0192f0c1-0000-7000-8000-000000000000/stream", OWNER) == 404
    async with streams.open("/v1/procedures/2026-00000042-26/stream", COURT) as stream:
        assert stream.answer.status_code == 200


async def test_a_court_that_declines_is_told_so_and_no_more(query: InProcess, streams: Listening) -> None:
    events = said(*ROAD)
    await query.read(*events[:4])
    path = f"/v1/procedures/{events[0].subject}/stream"
    async with streams.open(path, COURT) as stream, streams.open(path, OWNER) as owner:
        here = await stream.next()
        await owner.next()
        await query.read(*events[4:])
        assert [one.data["id"] for one in await stream.ended()] == told(events[4:5])
        assert await owner.facts(4) == told(events[4:])
    assert here is not None
    async with streams.open(path, COURT, here.id) as again:
        last = await again.next()
        assert last is not None
        assert (last.data["fact"], await again.ended()) == ("declined", [])
    assert await streams.refused(path, COURT, last.id) == 204
    assert await streams.refused(path, COURT) == 204


@pytest.mark.parametrize(("place", "status"), [("x", 400), ("A" * 65, 400), ("AAAAAAAAAAEAAAAAAAAAAQ", 410)])
async def test_a_place_that_is_none_is_refused(query: InProcess, streams: Listening, place: str, status: int) -> None:
    await query.read(*said(*ROAD))
    assert await streams.refused(after=place) == status


async def test_a_stream_ends_with_its_token(query: InProcess, streams: Listening) -> None:
    async with streams.open(organisation=OWNER, lifetime=2) as stream:
        assert [one.event for one in await stream.ended()] == ["here"]


async def test_a_silent_stream_shows_that_it_is_alive(query: InProcess, streams: Listening) -> None:
    async with streams.open(organisation=OWNER) as stream:
        await stream.next()
        silence = asyncio.create_task(stream.next())

        async def beaten() -> bool:
            return stream.heartbeats >= 2

        await until(beaten)
        await query.read(*said(a_submission()))
        assert await silence is not None


async def test_streams_end_at_once_when_the_service_stops(query: InProcess) -> None:
    async with listening(query.running, query.issuer) as streams:
        opened = streams.open()
        stream = await opened.__aenter__()
        await stream.next()
    assert await stream.ended() == []
    await opened.__aexit__(None, None, None)


async def test_answers_say_how_fresh_they_are(query: InProcess, streams: Listening) -> None:
    events = said(*ROAD)
    paths = ("/v1/procedures", "/v1/statuses", "/v1/facts", f"/v1/procedures/{events[0].subject}")
    for path in paths[:3]:
        assert "infoparquet-as-of" not in (await query.get(path)).headers
    await query.read(*events)

    async def known() -> bool:
        return all([(await query.get(path)).headers.get("infoparquet-as-of") == newest for path in paths])

    newest = events[-1].time.isoformat().replace("+00:00", "Z")
    await until(known)
    async with streams.open() as stream:
        assert stream.answer.headers["infoparquet-as-of"] == newest


async def test_a_client_that_does_not_read_holds_little_and_misses_nothing(
    query: InProcess, streams: Listening, fanout: Fanout
) -> None:
    slow = await a_slow_client(streams.url, query.issuer.bearer(OWNER))
    written = 0
    async with streams.open(organisation=OWNER) as quick:
        await quick.next()
        while not any(stream.behind for stream in opened(fanout)):
            roads = [said(*until_delivery(a_submission(f"R-{number}"))) for number in range(100)]
            facts_at_once = [event for road in roads for event in road]
            await query.read(*facts_at_once)
            written += len(facts_at_once)
            assert await quick.facts(len(facts_at_once)) == told(facts_at_once)
            assert max(len(stream.waiting) for stream in opened(fanout)) <= MOST_WAITING
    received = await asyncio.to_thread(read_until, slow, b'data: {"id":"', written)
    slow.close()
    assert received == ids(await pages(query, 1000))


def opened(fanout: Fanout) -> list[Stream]:
    return [stream for among in fanout.streams.values() for stream in among]


async def a_slow_client(url: str, headers: dict[str, str]) -> socket.socket:
    """One that has been told where its stream begins, and reads nothing; the network holds little for it."""
    parts = urlsplit(url)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect((str(parts.hostname), parts.port or 80))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    slow.sendall(f"GET /v1/stream HTTP/1.1\r\nHost: tests\r\n{head}\r\n".encode())

    async def begun() -> bool:
        return b"event: here" in await asyncio.to_thread(slow.recv, 65536, socket.MSG_PEEK)

    await until(begun)
    return slow


def read_until(slow: socket.socket, mark: bytes, count: int) -> list[str]:
    """The ids of so many facts; the sizes of chunks stand on lines of their own."""
    slow.settimeout(60)
    answer, found = b"", list[bytes]()
    while len(found) < count:
        piece = slow.recv(1 << 20)
        assert piece, "the stream has ended"
        answer += piece
        found = re.findall(re.escape(mark) + b"([0-9a-f-]{36})", answer)
    return [one.decode() for one in found]
