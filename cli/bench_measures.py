"""The three figures of the benchmark, taken from outside as an administration and a court would: HTTP and topics."""

import asyncio
import itertools
import json
import math
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer
from infoparquet_contracts.facts import Delivered
from infoparquet_contracts.topics import JOURNAL

from chassis.kafka import partitions_of
from cli.keep_alive import KeepAlive
from cli.witness import Passage, Witness
from deploy.local.samples import Sample, read_samples
from deploy.local.tokens import TokenMaker

PATH = "/v1/procedures"
PAGE = 200
MOMENTS = ("numbered", "delivered", "visible")
_ACCEPTED = 202
# Often enough for a figure in milliseconds, seldom enough not to be what is measured.
_ASK_AGAIN = 0.01
_DELIVERED = ("ce_type", Delivered.event_type.encode())


class Unmeasured(Exception):  # noqa: N818 - why, in French, is its message
    """The system did not do what was to be measured."""


@dataclass(frozen=True, slots=True)
class System:
    """The stack that is measured, as `describe` says it."""

    running: Mapping[str, Any]
    tokens: TokenMaker

    def url(self, service: str) -> str:
        """Of its first replica."""
        return str(self.running["services"][service]["url"])

    def headers(self, organisation: str) -> dict[str, str]:
        """Of a request for it."""
        return {"Authorization": f"Bearer {self.tokens.mint(organisation)}", "Content-Type": "application/json"}


class Load:
    """Procedures such as the samples that a court is found for, each new."""

    def __init__(self) -> None:
        self._samples = [one for one in read_samples() if one.expected_tribunal]
        self._count = itertools.count(1)
        # Another's keys would be answered with another's procedures.
        self._name = secrets.token_hex(4)

    @property
    def tribunals(self) -> set[str]:
        """Where they go."""
        return {tribunal for one in self._samples for tribunal in one.tribunals}

    def next(self) -> tuple[str, dict[str, Any], Sample]:
        """An idempotency key, a body, and the sample it was made of."""
        number = next(self._count)
        sample = self._samples[number % len(self._samples)]
        return f"{self._name}-{number}", sample.procedure | {"reference": f"BENCH-{self._name}-{number:08}"}, sample

    def lines(self, count: int) -> Iterator[bytes]:
        """Of a batch."""
        for _ in range(count):
            key, body, _ = self.next()
            yield json.dumps({"idempotency_key": key, **body}, ensure_ascii=False).encode()


async def post(system: System, load: Load, connections: int, seconds: float, *, patience: float) -> float:
    """Durable POSTs a second, from so many connections at once. Raises Unmeasured."""
    deadline = time.perf_counter() + seconds

    async def send() -> int:
        done = 0
        async with KeepAlive(system.url("intake"), system.headers("administration:bench-post")) as connection:
            while time.perf_counter() < deadline:
                key, body, _ = load.next()
                status, answer = await connection.post(PATH, json.dumps(body).encode(), {"Idempotency-Key": key})
                if status != _ACCEPTED:
                    raise Unmeasured(f"POST {PATH} a répondu {status} : {answer.decode(errors='replace')}")
                done += 1
        return done

    started = time.perf_counter()
    try:
        async with asyncio.timeout(seconds + patience):
            counts = await asyncio.gather(*(send() for _ in range(connections)))
    except TimeoutError:
        raise Unmeasured(f"Un dépôt est resté sans réponse pendant {patience:.0f} s.") from None
    return sum(counts) / (time.perf_counter() - started)


async def reach(
    system: System, load: Load, count: int, a_second: float, *, patience: float
) -> dict[str, dict[str, float]]:
    """p50 and p99 of the milliseconds from the POST to each moment, so many procedures a second.

    Raises Unmeasured when one has not come through `patience` seconds after the last was sent.
    """
    async with _patient(patience) as client:
        road = _Road(system, client, load)
        try:
            async with asyncio.timeout(count / a_second + patience), road.watched():
                await asyncio.gather(paced(road.send, count, a_second), road.all_visible(count))
        except TimeoutError:
            arrived = sum(passage.status == "delivered" for passage in road.passages)
            raise Unmeasured(f"{arrived} procédures sur {count} sont arrivées à temps.") from None
    return {name: spread([passage.ms[name] for passage in road.passages]) for name in MOMENTS}


class _Road:
    """Posts one procedure at a time, and sees what becomes of all of them."""

    def __init__(self, system: System, client: httpx.AsyncClient, load: Load) -> None:
        self.passages: list[Passage] = []
        self._system = system
        self._client = client
        self._load = load
        self._headers = system.headers("administration:bench-reach")
        self._changed = asyncio.Event()
        self._witness = Witness(system.running["kafka"], load.tribunals, self._changed.set)

    def watched(self) -> AbstractAsyncContextManager[None]:
        """Reads the topics while the block lasts."""
        watching: AbstractAsyncContextManager[None] = self._witness.watching()
        return watching

    async def send(self) -> None:
        """The next procedure; its time runs from here."""
        key, body, sample = self._load.next()
        passage = Passage(body["reference"], time.perf_counter(), "delivered", sample.expected_tribunal)
        self.passages.append(passage)
        answer = await self._client.post(
            f"{self._system.url('intake')}{PATH}", json=body, headers={**self._headers, "Idempotency-Key": key}
        )
        if answer.status_code != _ACCEPTED:
            raise Unmeasured(f"POST {PATH} a répondu {answer.status_code} : {answer.text}")
        passage.id = str(answer.json()["id"])
        self._witness.expect(passage.id, passage)

    async def all_visible(self, count: int) -> None:
        """Ask for each that its court has, in turn: a question at a time, so that a slow system is not slowed more."""
        visible = 0
        while visible < count:
            await self._changed.wait()
            self._changed.clear()
            asked = [one for one in self.passages if one.ms["delivered"] and one.status is None]
            shown = [await self._is_visible(passage) for passage in asked]
            visible += sum(shown)
            if not all(shown):
                await asyncio.sleep(_ASK_AGAIN)
                self._changed.set()

    async def _is_visible(self, passage: Passage) -> bool:
        url = f"{self._system.url('query')}{PATH}/{passage.id}"
        answer = (await self._client.get(url, headers=self._headers)).raise_for_status()
        if answer.json()["status"] != "delivered":
            return False
        passage.status = "delivered"
        passage.ms["visible"] = (time.perf_counter() - passage.started) * 1000
        return True


async def paced(work: Callable[[], Coroutine[Any, Any, None]], count: int, a_second: float) -> None:
    """Start it so many times a second, whether or not the ones before have ended; the first failure is raised."""
    started = time.perf_counter()
    try:
        async with asyncio.TaskGroup() as group:
            for place in range(count):
                await asyncio.sleep(max(0.0, started + place / a_second - time.perf_counter()))
                group.create_task(work())
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def batch(system: System, load: Load, count: int, *, patience: float) -> float:
    """Procedures a second from the start of `:batch` until each is delivered for who asks. Raises Unmeasured."""
    headers = system.headers("administration:bench-batch")
    body = b"\n".join(load.lines(count))
    async with _journal_from_now(system.running["kafka"]) as journal, _patient(patience) as client:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(patience):
                answer = await client.post(
                    f"{system.url('intake')}{PATH}:batch",
                    content=body,
                    headers={**headers, "Content-Type": "application/x-ndjson"},
                )
                _require_accepted(answer, count)
                await _until_delivered(journal, count)
                await _until_visible(client, system.url("query"), headers, count)
        except TimeoutError:
            raise Unmeasured(f"Les {count} procédures du lot n’étaient pas visibles après {patience:.0f} s.") from None
        return count / (time.perf_counter() - started)


def spread(values: Sequence[float | None], percents: Sequence[int] = (50, 99), *, digits: int = 1) -> dict[str, float]:
    """Nearest-rank percentiles."""
    known = sorted(value for value in values if value is not None)
    return {f"p{percent}": round(known[math.ceil(len(known) * percent / 100) - 1], digits) for percent in percents}


def _require_accepted(answer: httpx.Response, count: int) -> None:
    lines = [json.loads(line) for line in answer.text.splitlines()] if answer.status_code == httpx.codes.OK else []
    accepted = sum(line["status"] == _ACCEPTED for line in lines)
    if accepted < count:
        raise Unmeasured(f"POST {PATH}:batch a répondu {answer.status_code}, {accepted} lignes acceptées sur {count}.")


async def _until_delivered(journal: AIOKafkaConsumer, count: int) -> None:
    """The journal tells cheaply when it is worth asking the query service for all of them."""
    seen = 0
    while seen < count:
        for records in (await journal.getmany(timeout_ms=1000)).values():
            seen += sum(_DELIVERED in record.headers for record in records)


async def _until_visible(client: httpx.AsyncClient, url: str, headers: Mapping[str, str], count: int) -> None:
    while await _delivered(client, url, headers) < count:  # noqa: ASYNC110 - only the service knows when
        await asyncio.sleep(_ASK_AGAIN)


async def _delivered(client: httpx.AsyncClient, url: str, headers: Mapping[str, str]) -> int:
    """How many the list shows as delivered, page by page."""
    found, cursor = 0, ""
    while cursor is not None:
        parameters = {"status": "delivered", "limit": str(PAGE), "cursor": cursor}
        page = (await client.get(f"{url}{PATH}", params=parameters, headers=headers)).raise_for_status().json()
        found += len(page["procedures"])
        cursor = page["next"]
    return found


@asynccontextmanager
async def _journal_from_now(kafka: str) -> AsyncIterator[AIOKafkaConsumer]:
    async with AIOKafkaConsumer(bootstrap_servers=kafka, isolation_level="read_committed") as reader:
        partitions = partitions_of(JOURNAL)
        reader.assign(partitions)
        await reader.seek_to_end()
        for partition in partitions:
            # The end is looked for only when the place is asked for.
            await reader.position(partition)
        yield reader


def _patient(seconds: float) -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=seconds, trust_env=False)
