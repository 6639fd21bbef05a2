"""A service in the test's own process: its HTTP side, and what its consumer would do with a batch of the journal."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiokafka import ConsumerRecord
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from infoparquet_contracts.envelope import Event, decode, encode
from infoparquet_contracts.overlap import superseded
from infoparquet_contracts.topics import JOURNAL, replies_topic
from sqlalchemy import Connection, MetaData, text

from chassis import database
from chassis.clock import Clock, new_id
from chassis.outbox import Outgoing
from chassis.service import Running, Service
from chassis.settings import Settings
from chassis.transaction import Transaction
from tests.builders import NOON
from tests.services.documented import documented
from tests.services.issuer import Issuer, keys_known

NOWHERE = "127.0.0.1:9"


@dataclass
class InProcess:
    """The parts of a running service, without its consumer's and its relay's connections to a broker."""

    running: Running
    http: httpx.AsyncClient
    issuer: Issuer
    offset: int = field(default=0)

    async def read(self, *events: Event[Any]) -> list[Event[Any]]:
        """Apply one batch, commit and ring as the consumer does; what was said of it, in order."""
        async with self.running.transactions.begin() as transaction:
            await self.apply(transaction, events)
        self.running.facts_applied.ring()
        return events_of(transaction.said)

    async def apply(self, transaction: Transaction, events: Sequence[Event[Any]]) -> None:
        """What the consumer does with a batch that has a fault in it, within the transaction given."""
        records = [self.record(event) for event in events]
        await self.running.consumer.parts.application.apply(transaction, records, careful=True)

    async def read_records(self, *records: ConsumerRecord) -> list[Event[Any]]:
        """The same with a batch of any records, of any of the service's topics."""
        async with self.running.transactions.begin() as transaction:
            await self.running.consumer.parts.application.apply(transaction, records, careful=True)
        self.running.facts_applied.ring()
        return events_of(transaction.said)

    async def read_replies(self, tribunal: str, *replies: Event[Any]) -> list[Event[Any]]:
        """The same with a batch of what one court wrote on its replies topic."""
        topic = replies_topic(tribunal).name
        return await self.read_records(*(self.record(one, topic) for one in replies))

    async def get(self, path: str, organisation: str = "operator", **parameters: Any) -> httpx.Response:
        """What a caller of that organisation is answered."""
        return await self.http.get(path, params=parameters, headers=self.issuer.bearer(organisation))

    async def post(
        self, path: str, body: Any, organisation: str, key: str | None = None, **more: Any
    ) -> httpx.Response:
        """The same for a POST, under an idempotency key of its own unless one is given."""
        headers = self.issuer.bearer(organisation, **more) | {"Idempotency-Key": key or str(new_id())}
        return await self.http.post(path, json=body, headers=headers)

    async def said(self) -> list[tuple[str, Event[Any]]]:
        """All that waits in the outbox for the relay, in order, each with its topic."""
        rows = await self.rows("SELECT topic, key, value, headers FROM outbox ORDER BY id")
        records = [
            (topic, key, value, [(name, text.encode()) for name, text in json.loads(headers)])
            for topic, key, value, headers in rows
        ]
        return [
            (topic, decode(key, value, headers)) for topic, key, value, headers in records if not superseded(headers)
        ]

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database holds."""
        async with self.running.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]

    @asynccontextmanager
    async def abandoned(self) -> AsyncIterator[Transaction]:
        """A transaction that is rolled back when the block is left, as by a crash before the commit."""
        with suppress(_AbandonedError):
            async with self.running.transactions.begin() as transaction:
                yield transaction
                raise _AbandonedError

    async def drift(self, *declared: MetaData) -> list[object]:
        """What tells the tables that the code declares from those that the migrations made."""

        whole = MetaData()
        tables = [table for metadata in (database.metadata, *declared) for table in metadata.sorted_tables]
        for table in tables:
            table.to_metadata(whole)

        def differences(connection: Connection) -> list[object]:
            return list(compare_metadata(MigrationContext.configure(connection), whole))

        async with self.running.engine.connect() as connection:
            return await connection.run_sync(differences)

    def record(self, event: Event[Any], topic: str = JOURNAL.name, **bad: Any) -> ConsumerRecord:
        """The event as it stands on a topic; `bad` are the key, value or headers that stand there instead."""
        record = encode(event)
        self.offset += 1
        said = {"key": record.key, "value": record.value, "headers": record.headers} | bad
        return ConsumerRecord(
            topic=topic, partition=0, offset=self.offset, timestamp=0, timestamp_type=0,
            checksum=None, serialized_key_size=0, serialized_value_size=0, **said,
        )  # fmt: skip


class _AbandonedError(Exception):
    """Nothing went wrong."""


def events_of(said: Iterable[Outgoing]) -> list[Event[Any]]:
    """The events as whoever reads them from their topics decodes them, at their newest versions."""
    records = [one.record for one in said]
    return [decode(one.key, one.value, one.headers) for one in records if not superseded(one.headers)]


@asynccontextmanager
async def in_process(
    service: Service, settings: Settings, issuer: Issuer, *, tables: str, clock: Clock = lambda: NOON
) -> AsyncIterator[InProcess]:
    """The service on a migrated database, its `tables` emptied; unless another is given its clock stands at noon."""
    running = Running(service, settings, clock=clock)
    await keys_known(running)
    async with running.engine.begin() as connection:
        await connection.execute(
            text(
                f"TRUNCATE {tables}, outbox, said_facts, dead_letters, parked_facts, dead_letter_decisions,"
                " unknown_facts, recalled, positions"
            )
        )
    transport = httpx.ASGITransport(running.app, raise_app_exceptions=False)
    hooks: Mapping[str, list[Callable[..., Any]]] = {"response": [documented(running.app)]}
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{service.name}", event_hooks=hooks) as http:
        yield InProcess(running, http, issuer)
    await running.engine.dispose()
    await running.lock_engine.dispose()


def told(database_url: str, issuer: Issuer) -> dict[str, Any]:
    """The settings every service has; there is no broker."""
    return {
        "listen": NOWHERE,
        "kafka_bootstrap": NOWHERE,
        "database_url": database_url,
        "oidc_issuer": issuer.url,
    }
