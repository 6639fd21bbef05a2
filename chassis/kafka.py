"""How this process reaches Kafka: the connection settings every client shares, and a probe for readiness."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512
from infoparquet_contracts.topics import Topic
from pydantic import BaseModel, ConfigDict, SecretStr

from chassis.errors import Unavailable

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Beyond = Literal["latest", "none"]
Isolation = Literal["read_committed", "read_uncommitted"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

# What a reader is sent at once by each node. By default it is 50 MiB, held twice while it is taken apart, and the heap
# keeps that size.
FETCH_BYTES = 4 * 1024 * 1024
_END_SECONDS = 3.0


class KafkaSettings(BaseModel):
    """The broker's address and how to be let in."""

    model_config = ConfigDict(frozen=True)

    bootstrap: str
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None

    def security(self) -> dict[str, Any]:
        """The arguments about security that any aiokafka client takes."""
        arguments: dict[str, Any] = {"security_protocol": self.security_protocol}
        if self.security_protocol.startswith("SASL"):
            password = self.sasl_password.get_secret_value() if self.sasl_password else None
            arguments |= {
                "sasl_mechanism": self.sasl_mechanism or "SCRAM-SHA-512",
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": password,
            }
        if self.security_protocol.endswith("SSL"):
            context = ssl.create_default_context(cafile=self.ssl_cafile)
            if self.ssl_certfile:
                context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile)
            arguments["ssl_context"] = context
        return arguments

    def client(self, client_id: str) -> dict[str, Any]:
        """The arguments any aiokafka client takes."""
        return {"bootstrap_servers": self.bootstrap.split(","), "client_id": client_id, **self.security()}


def partitions_of(topic: Topic) -> list[TopicPartition]:
    """All of them, in order."""
    return [TopicPartition(topic.name, one) for one in range(topic.partitions)]


@contextlib.asynccontextmanager
async def log_reader(
    kafka: KafkaSettings, client_id: str, isolation: Isolation = "read_committed", *, beyond: Beyond = "latest"
) -> AsyncIterator[AIOKafkaConsumer]:
    """A reader without a group, to be started; ended with the block, within a limit whatever the broker does.

    `beyond` is where it goes on from a place that the log does not have; `none`: it fails there.
    """
    reader = AIOKafkaConsumer(
        **kafka.client(client_id),
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset=beyond,
        fetch_max_bytes=FETCH_BYTES,
    )
    try:
        yield reader
    finally:
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            await asyncio.wait_for(_stopped(reader), _END_SECONDS)


async def _stopped(reader: AIOKafkaConsumer) -> None:
    try:
        await reader.stop()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # That of its own fetches, which aiokafka passes on as if we were cancelled (its issue 647); it had not come to
        # its connections then, and takes itself for closed.
        await reader._client.close()  # noqa: SLF001


def read_from(reader: AIOKafkaConsumer, at: Mapping[TopicPartition, int]) -> None:
    """Those partitions, each from its offset; nothing is awaited in between, so it asks for no other place first."""
    reader.assign(list(at))
    for one, offset in at.items():
        reader.seek(one, offset)


class KafkaProbe:
    """Asks the cluster who it is, over a connection of its own that is kept."""

    def __init__(self, settings: KafkaSettings, service: str) -> None:
        self._settings = settings
        self._service = service
        self._client: AIOKafkaAdminClient | None = None
        self._one_at_a_time = asyncio.Lock()

    async def cluster_id(self) -> str:
        """The cluster's id; raises Unavailable("kafka") after 3 s without an answer."""
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(3):
                    if self._client is None:
                        self._client = await self._connect()
                    return str((await self._client.describe_cluster())["cluster_id"])
            except (KafkaError, OSError, TimeoutError) as error:
                await self._close()
                raise Unavailable("kafka") from error

    async def close(self) -> None:
        """Give the connection back."""
        async with self._one_at_a_time:
            await self._close()

    async def _connect(self) -> AIOKafkaAdminClient:
        client = AIOKafkaAdminClient(
            **self._settings.client(f"infoparquet.{self._service}.probe"), request_timeout_ms=3000
        )
        try:
            await client.start()
        except BaseException:
            await client.close()
            raise
        return client

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(client.close(), 2)


def faststream_security(kafka: KafkaSettings) -> BaseSecurity | None:
    """The same security in FastStream's words."""
    given = kafka.security()
    context, encrypted = given.get("ssl_context"), kafka.security_protocol.endswith("SSL")
    if "sasl_mechanism" not in given:
        return BaseSecurity(context, encrypted) if encrypted else None
    kinds = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
    kind = kinds[given["sasl_mechanism"]]
    return kind(given["sasl_plain_username"], given["sasl_plain_password"], context, encrypted)
