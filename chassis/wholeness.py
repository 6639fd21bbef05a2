"""Holds a service back while its database lacks what it has published: it was restored, and the relay reads back.

Until that is known nothing is answered that depends on it and nothing is sent. Where Kafka does not answer, callers are
answered all the same: a service that takes procedures in goes on without it.
"""

import asyncio

import structlog
from aiokafka.errors import KafkaError
from infoparquet_contracts.identifiers import ServiceName

from chassis.errors import Unavailable, is_unavailable
from chassis.kafka import KafkaSettings
from chassis.relayed import STEP, Restored, committed_batch, refuse_restored
from chassis.transaction import Transactions

log = structlog.get_logger()

LOOK_AGAIN, WAIT_FOR_KAFKA = 0.2, 1.0
PATIENCE = 3.0


class Wholeness:
    """Of one process's service; taken for whole until `run` begins to look."""

    def __init__(self, service: ServiceName, kafka: KafkaSettings, transactions: Transactions) -> None:
        self._service = service
        self._kafka = kafka
        self._transactions = transactions
        self._certain = asyncio.Event()
        self._answering = asyncio.Event()
        self._certain.set()
        self._answering.set()

    async def certain(self) -> None:
        """Wait until the database is known to be whole."""
        await self._certain.wait()

    async def answering(self) -> None:
        """The same for a caller, within limits. Raises Unavailable."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._answering.wait()
        except TimeoutError:
            dependency = "base restaurée, relecture en cours"
            raise Unavailable(dependency) from None

    def fault(self) -> str | None:
        """Why nobody is answered, in French; None when all are."""
        return None if self._answering.is_set() else "relecture de ce que le service a publié"

    async def run(self) -> None:
        """Look until it is certain, then rest for ever: a database is restored while no replica runs."""
        self._certain.clear()
        self._answering.clear()
        while not self._certain.is_set():
            try:
                await self._look()
            except Restored:
                self._answering.clear()
            except (KafkaError, OSError, TimeoutError, Unavailable):
                self._answering.set()
                await asyncio.sleep(WAIT_FOR_KAFKA)
            except Exception as error:  # a task of its own: what is not caught here stops the service
                if not is_unavailable(error):
                    log.error("wholeness.failed", service=self._service, exc_info=error)
            else:
                self._certain.set()
                self._answering.set()
            await asyncio.sleep(LOOK_AGAIN)
        await asyncio.Event().wait()

    async def _look(self) -> None:
        async with asyncio.timeout(STEP):
            published = await committed_batch(self._service, self._kafka)
        async with self._transactions.begin() as transaction:
            await refuse_restored(transaction.connection, published)
