"""Five services with their real handlers, databases and HTTP; the journal and the courts' topics are lists here.

A relay is the real statements of `chassis.batches` around a list that remembers the number of its last batch, as Kafka
does; a consumer reads from its place in the lists. Either may die between any two of its steps.
"""

import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
from aiokafka import ConsumerRecord
from infoparquet_contracts.envelope import Event, Record, encode
from infoparquet_contracts.topics import JOURNAL, replies_topic

from chassis import batches
from chassis.handover import Placed, Row
from chassis.outbox import Outgoing
from chassis.service import Service
from chassis.settings import Settings
from reference import default_url
from services.intake.service import build as build_intake
from services.intake.settings import IntakeSettings
from services.notify.service import build as build_notify
from services.notify.settings import NotifySettings
from services.numbering.service import build as build_numbering
from services.numbering.settings import NumberingSettings
from services.query.service import build as build_query
from services.query.settings import QuerySettings
from services.routing.service import build as build_routing
from services.routing.settings import RoutingSettings
from tests.answers.backups import back_up, put_back, recollect
from tests.builders import NOON
from tests.services.in_process import NOWHERE, InProcess, events_of, in_process, told
from tests.services.issuer import Issuer

Crash = Literal["claimed", "committed"] | None


@dataclass(frozen=True)
class Part:
    """How a service is built, and which of its tables are emptied before an example."""

    settings: type[Settings]
    build: Callable[[Any], Service]
    tables: str

    @property
    def migrations(self) -> Path:
        """Its history."""
        return Path(sys.modules[self.build.__module__].__file__ or "").with_name("migrations")


# In the order of the road.
SERVICES: Mapping[str, Part] = {
    "intake": Part(
        IntakeSettings,
        build_intake,
        "idempotency_keys, followed_facts, dossier_readings, supplements, withdrawals, dossiers, "
        "lost_dossiers, draft_documents, drafts, document_parts, documents, document_readings, procedures",
    ),
    "numbering": Part(NumberingSettings, build_numbering, "numbers, sequences"),
    "routing": Part(
        RoutingSettings,
        build_routing,
        "deliveries, court_messages, replies, assignments, followed_facts, idempotency_keys, procedures",
    ),
    "notify": Part(NotifySettings, build_notify, "deliveries, followed_facts, procedures"),
    "query": Part(QuerySettings, build_query, "procedures, timeline, occurrences, figures, feed"),
}


Built = Mapping[str, tuple[Service, Settings]]


def build_one(name: str, database: str, issuer: Issuer, **more: str) -> tuple[Service, Settings]:
    """`more` are settings."""
    part = SERVICES[name]
    given = {"reference_url": default_url(), "client_id": "tests", "client_secret": "secret"}
    given |= {"routing_url": f"http://{NOWHERE}", "smtp_url": f"smtp://{NOWHERE}", "intake_url": f"http://{NOWHERE}"}
    given |= {"object_store_url": "file:///nowhere"}
    values, known = told(database, issuer) | given | more, part.settings.model_fields
    settings = part.settings(**{one: value for one, value in values.items() if one in known})
    return part.build(settings), settings


def build_all(databases: Mapping[str, str], issuer: Issuer, **more: str) -> Built:
    """All five; reading the reference data takes a moment."""
    return {name: build_one(name, databases[name], issuer, **more) for name in SERVICES}


@asynccontextmanager
async def open_world(built: Built, issuer: Issuer) -> AsyncIterator["World"]:
    """The services on emptied databases."""
    async with AsyncExitStack() as opened:
        services = {}
        for name, (service, settings) in built.items():
            running = in_process(service, settings, issuer, tables=SERVICES[name].tables)
            services[name] = await opened.enter_async_context(running)
        yield World(services)


@dataclass
class Topic:
    """A log; readers are told nothing else about it."""

    records: list[Outgoing] = field(default_factory=list)

    @property
    def events(self) -> list[Event[Any]]:
        """What stands on it, in order."""
        return events_of(self.records)


@dataclass
class World:
    """`services` by name, in the order of the road; `topics` by name; of `held` none goes on by itself."""

    services: Mapping[str, InProcess]
    topics: dict[str, Topic] = field(default_factory=lambda: defaultdict(Topic))
    held: set[str] = field(default_factory=set)
    _committed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _places: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    _backed_up: dict[str, dict[tuple[str, str], int]] = field(default_factory=dict)

    @property
    def journal(self) -> list[Event[Any]]:
        """All that was said of all procedures."""
        return self.topics[JOURNAL.name].events

    def write(self, court: str, reply: Event[Any]) -> None:
        """A court's own writing."""
        self.topics[replies_topic(court).name].records.append(Outgoing("", encode(reply)))

    async def relay(self, name: str, crash: Crash = None, *, most: int = batches.BATCH_ROWS) -> None:
        """One reign of a service's relay, as `chassis.relay` goes about it; `crash` is where it dies.

        `most` rows, as when its readers are behind: what was said at once is then on the topics in part.
        """
        service = self.services[name].running
        async with service.engine.connect() as connection:
            async with connection.begin():
                counter = await batches.settle(connection, self._committed[name])
                numbers = await batches.outstanding(connection)
                outstanding = [(batch, await batches.rows_of(connection, batch)) for batch in numbers]
            for batch, rows in outstanding:
                self._publish(name, batch, rows)
            async with connection.begin():
                claimed = await batches.claim(connection, counter + 1, NOON, most)
            if not claimed or crash == "claimed":
                return
            self._publish(name, counter + 1, claimed)
            if crash != "committed":
                async with connection.begin():
                    await batches.delete(connection, counter + 1)

    def _publish(self, name: str, batch: int, rows: Sequence[Row]) -> None:
        for row in rows:
            assert row.key is not None
            topic = self.topics[row.topic]
            topic.records.append(Outgoing(row.topic, Record(row.key, row.value, tuple(row.kafka_headers()))))
            if row.receipted:
                receipt = self.services[name].running.service.receipt
                assert receipt is not None
                placed = Placed(row.topic, 0, len(topic.records) - 1, NOON)
                self.topics[JOURNAL.name].records.append(receipt(row, placed))
        self._committed[name] = batch

    async def read(self, name: str, most: int, *, dies: bool = False, without: str = "") -> bool:
        """The next records of each topic the service reads, but one, in one batch; whether there were any."""
        sources = self.services[name].running.consumer.parts.application.sources
        batch, places = [], {}
        for topic in sources:
            place = self._places[name, topic]
            found = (
                self.topics[topic].records[place : place + most] if topic in self.topics and topic != without else []
            )
            batch += [_as_read(topic, place + at, record) for at, record in enumerate(found)]
            places[name, topic] = place + len(found)
        if batch:
            await self._apply(name, batch, dies=dies)
            if not dies:
                self._places.update(places)
        return bool(batch)

    def skip(self, name: str) -> None:
        """What stands in the journal by now never reaches a service."""
        self._places[name, JOURNAL.name] = len(self.topics[JOURNAL.name].records)

    async def read_again(self, name: str, since: int) -> None:
        """What was read before, as after a torn transaction: records stand again at the journal's other places."""
        place = self._places[name, JOURNAL.name]
        records = self.topics[JOURNAL.name].records[min(since, place) : place]
        again = [_as_read(JOURNAL.name, 100_000 + place + at, one) for at, one in enumerate(records)]
        if again:
            await self._apply(name, again, dies=False)

    async def back_up(self, name: str) -> None:
        """Make a backup of a service's database, with its places in what it reads."""
        await back_up(self.services[name])
        self._backed_up[name] = {key: place for key, place in self._places.items() if key[0] == name}

    async def restore(self, name: str) -> None:
        """Lose the database, put the backup in its place, and start: what was said since is read back."""
        await put_back(self.services[name])
        for key in [one for one in self._places if one[0] == name]:
            self._places[key] = self._backed_up[name].get(key, 0)
        topics = {
            one: [_as_read(one, at, record) for at, record in enumerate(topic.records)]
            for one, topic in self.topics.items()
        }
        await recollect(self.services[name], topics)

    async def _apply(self, name: str, batch: Sequence[ConsumerRecord], *, dies: bool) -> None:
        service = self.services[name]
        if dies:
            async with service.abandoned() as transaction:
                await service.running.consumer.parts.application.apply(transaction, batch, careful=True)
            return
        async with service.running.transactions.begin() as transaction:
            await service.running.consumer.parts.application.apply(transaction, batch, careful=True)
        service.running.facts_applied.ring()

    async def rest(self) -> None:
        """Everybody goes on until nobody has anything to do."""
        busy = True
        while busy:
            before = sum(len(topic.records) for topic in self.topics.values())
            going_on = [name for name in self.services if name not in self.held]
            for name in going_on:
                await self.relay(name)
            read = [await self.read(name, 100) for name in going_on]
            busy = any(read) or before != sum(len(topic.records) for topic in self.topics.values())

    async def post(
        self, service: str, path: str, organisation: str, key: str, body: Mapping[str, Any]
    ) -> httpx.Response:
        """A request with its key."""
        headers = {**self.services[service].issuer.bearer(organisation), "Idempotency-Key": key}
        return await self.services[service].http.post(path, json=body, headers=headers)

    async def dead_letters(self) -> list[tuple[Any, ...]]:
        """What any service could not apply."""
        found = [await one.rows("SELECT topic, code, pointer FROM dead_letters") for one in self.services.values()]
        return [letter for letters in found for letter in letters]


def _as_read(topic: str, offset: int, outgoing: Outgoing) -> ConsumerRecord:
    record = outgoing.record
    return ConsumerRecord(
        topic=topic, partition=0, offset=offset, timestamp=0, timestamp_type=0, key=record.key, value=record.value,
        checksum=None, serialized_key_size=0, serialized_value_size=0, headers=record.headers,
    )  # fmt: skip
