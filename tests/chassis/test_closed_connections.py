"""What uvloop says of a connection that was just closed is the loss of a connection to aiokafka, and nothing worse."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from chassis.closed_connections import _send, know_closed_connections


@pytest.fixture
def known() -> Iterator[None]:
    know_closed_connections()
    yield
    AIOKafkaConnection.send = _send


async def sent_when_closed() -> None:
    """Before anybody has noticed, as between the end of a broker and the next turn of the reader."""

    def read_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport: Any = writer.transport
        transport.pause_reading()

    server = await asyncio.start_server(read_nothing, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    _, writer = await asyncio.open_connection(host, port)
    connection = AIOKafkaConnection(host, port)
    # As once it was made: its own reader would notice the end.
    connection._writer, connection._versions = writer, {MetadataRequest.API_KEY: (0, 5)}  # noqa: SLF001
    writer.transport.abort()
    async with asyncio.timeout(60):
        while not writer.transport.is_closing() or not _is_freed(writer):  # noqa: ASYNC110 - uvloop tells nobody
            await asyncio.sleep(0)
    try:
        connection.send(MetadataRequest([]))
    finally:
        server.close()


def _is_freed(writer: asyncio.StreamWriter) -> bool:
    return "closed=True" in repr(writer.transport)


def test_a_write_to_a_closed_connection_is_the_loss_of_a_connection(known: None) -> None:
    with pytest.raises(KafkaConnectionError, match="was closed"):
        uvloop.run(sent_when_closed())


def test_by_itself_it_would_end_a_heartbeat_for_good() -> None:
    with pytest.raises(RuntimeError, match="handler is closed") as raised:
        uvloop.run(sent_when_closed())
    assert not isinstance(raised.value, KafkaConnectionError)
