"""The view read from a real journal by a real consumer, and what a rebuild of it needs, in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from aiokafka import AIOKafkaProducer
from infoparquet_contracts.envelope import Event, encode
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy import select, text

from chassis.service import Running, migrate_service
from reference import default_url
from services.query.rebuild import rebuild
from services.query.rebuilding import Progress, Rebuilt
from services.query.service import build
from services.query.settings import QuerySettings
from services.query.store import timeline
from tests.processes import until
from tests.services.issuer import Issuer, keys_known


@dataclass(frozen=True)
class View:
    """The service, its consumer running, and its HTTP side."""

    running: Running
    http: httpx.AsyncClient
    told: list[Progress]

    async def publish(self, *events: Event[Payload]) -> None:
        """Put facts on the journal, and wait until the view has read them."""
        ends = await self.write(*events)

        async def read() -> bool:
            stand = dict(await self.rows("SELECT partition, next_offset FROM positions"))
            return all(stand.get(partition, 0) > offset for partition, offset in ends.items())

        await until(read, seconds=60, what="the journal read")

    async def write(self, *events: Event[Payload]) -> dict[int, int]:
        """Put facts on the journal; the last offset by partition."""
        bootstrap = self.running.settings.kafka.bootstrap
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True) as producer:
            sent = [
                await producer.send(JOURNAL.name, record.value, record.key, headers=list(record.headers))
                for record in map(encode, events)
            ]
            await producer.flush()
        return {(placed := future.result()).partition: placed.offset for future in sent}

    async def rebuild(self) -> Rebuilt:
        """As the command does."""
        return await self._rebuild(self.told.append)

    async def rebuild_and(
        self, meanwhile: Callable[[], Coroutine[Any, Any, object]], *, all_read: bool = False
    ) -> Rebuilt:
        """The same, and when the first of the journal was read, or all of it, it waits until `meanwhile` is done."""
        loop, waiting = asyncio.get_running_loop(), [meanwhile]

        def tell(progress: Progress) -> None:
            if waiting and (progress.read == progress.total or not all_read):
                asyncio.run_coroutine_threadsafe(waiting.pop()(), loop).result(60)

        return await asyncio.to_thread(asyncio.run, self._rebuild(tell))

    async def _rebuild(self, tell: Callable[[Progress], None]) -> Rebuilt:
        return await rebuild(self.running.settings.database_url, self.running.settings.kafka, tell)

    async def letters(self) -> list[str]:
        """The open dead letters, oldest first."""
        answer = await self.http.get("/v1/dead-letters")
        return [one["id"] for one in answer.json()["dead_letters"]]

    async def decide(self, letter: str, action: str, **body: str) -> None:
        """What an operator decides about a letter."""
        answer = await self.http.post(f"/v1/dead-letters/{letter}/{action}", json=body)
        assert answer.status_code == 200, answer.text

    async def in_timeline(self, procedure: UUID) -> list[UUID]:
        """The facts that the view shows of a procedure, in order."""
        found = select(timeline.c.id).where(timeline.c.procedure_id == procedure).order_by(timeline.c.place)
        async with self.running.engine.connect() as connection:
            return list((await connection.execute(found)).scalars())

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database holds."""
        async with self.running.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]

    async def change(self, statement: str, **values: object) -> None:
        """What nobody should do to it."""
        async with self.running.engine.begin() as connection:
            await connection.execute(text(statement), values)

    async def shown(self) -> list[tuple[Any, ...]]:
        """All that the view shows, but the numbers of its rows."""
        timelines = await self.rows("""
            SELECT procedure_id, array_agg(id ORDER BY place), array_agg(data ORDER BY place) FROM timeline
            GROUP BY procedure_id ORDER BY procedure_id""")
        procedures = await self.rows("SELECT * FROM procedures ORDER BY id")
        occurrences = await self.rows("SELECT * FROM occurrences ORDER BY procedure_id, pair")
        return timelines + procedures + occurrences + await self.rows("SELECT * FROM figures ORDER BY id")


@asynccontextmanager
async def a_view(url: str, bootstrap: str, issuer: Issuer) -> AsyncIterator[View]:
    """On an empty database."""
    settings = QuerySettings(
        listen="127.0.0.1:9",
        kafka_bootstrap=bootstrap,
        database_url=url,
        reference_url=default_url(),
        oidc_issuer=issuer.url,
    )
    service = build(settings)
    await migrate_service(service, settings)
    running = Running(service, settings)
    await keys_known(running)
    ringing = asyncio.create_task(running.facts_applied.run())
    transport = httpx.ASGITransport(running.app, raise_app_exceptions=False)
    await running.consumer.start()
    try:
        async with httpx.AsyncClient(
            transport=transport, base_url="http://query", headers=issuer.bearer("operator")
        ) as http:
            yield View(running, http, [])
    finally:
        await running.consumer.stop()
        ringing.cancel()
        await asyncio.gather(ringing, return_exceptions=True)
        await running.probe.close()
        await running.engine.dispose()
        await running.lock_engine.dispose()
