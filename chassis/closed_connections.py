"""Has aiokafka know a connection that uvloop has just closed for what it is: lost, and to be made again.

A write to it raises RuntimeError there, where asyncio's own loop says nothing. aiokafka expects OSError alone: its
heartbeat ends by anything else and is never begun again, so that the consumer reads nothing more until it is restarted.
"""

from collections.abc import Awaitable
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError

_send = AIOKafkaConnection.send


def know_closed_connections() -> None:
    """For every client of this process; aiokafka offers no other place."""
    AIOKafkaConnection.send = _sent


def _sent(connection: Any, request: Any, expect_response: bool = True) -> Awaitable[Any]:  # noqa: ANN401 - as aiokafka calls it
    try:
        answer: Awaitable[Any] = _send(connection, request, expect_response)
    except KafkaError:
        raise
    except RuntimeError as error:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        message = f"connection at {connection.host}:{connection.port} was closed"
        raise KafkaConnectionError(message) from error
    return answer
