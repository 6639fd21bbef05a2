"""A connection ends by the clock: who says nothing, says it too slowly, or takes no answer holds no place for ever.

Uvicorn waits without end for a request's head, and keeps all of it. Here a head has its time and its size, an answer
its time to be taken (RFC 5482), and whoever comes when all places are taken is told so.
"""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chassis.problems import Problem, answer

# Files and connections of the process's own: databases, brokers, logs.
_KEPT_FREE = 256
# How often a line on which nothing is said is asked for a sign of life.
_ASKED = 6


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """Of one process; times in seconds, sizes in bytes."""

    most: int = 8000
    # Over `most`, so many are waited for to be told why; half of what is kept free, so that silence cannot take it all.
    told: int = _KEPT_FREE // 2
    head_seconds: float = 20.0
    head_bytes: int = 64 * 1024
    # Without a byte of an answer taken or a sign of life, and to end a body that was answered before its end.
    untaken_seconds: float = 60.0
    unwanted_seconds: float = 5.0
    unwanted_bytes: int = 4 * 1024 * 1024


def open_files(most: int) -> int:
    """Let the process open as many files as it may; how many of `most` connections it then has room for."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return most if hard == resource.RLIM_INFINITY else min(most, max(1, hard - _KEPT_FREE))


def bounded_server(app: ASGIApp, address: tuple[str, int], most: int) -> uvicorn.Server:
    """HTTP at this address, on at most so many connections; whoever has it serve takes the signals."""
    host, port = address
    bounds = ConnectionBounds(most=open_files(most))
    configuration = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=partial(BoundedConnection, bounds=bounds),  # type: ignore[arg-type]  # called as the class would be
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
        lifespan="off",
    )
    return _Server(configuration)


class _Server(uvicorn.Server):
    """Leaves the signals to the service, which has more than HTTP to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class BoundedConnection(HttpToolsProtocol):
    """One connection, whatever its client does."""

    def __init__(self, *given: Any, bounds: ConnectionBounds, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*given, **named)
        self._bounds = bounds
        self._in_body = self._is_refused = False
        self._head_bytes = self._unwanted_bytes = 0
        self._head: asyncio.TimerHandle | None = None
        self._unwanted: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """The head's time begins with the connection; one for which no file is to spare is closed unheard."""
        super().connection_made(transport)
        if len(self.connections) > self._bounds.most + self._bounds.told:
            transport.close()
            return
        _bound(transport.get_extra_info("socket"), self._bounds.untaken_seconds)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """A head that does not end is refused at its limit."""
        if self._is_refused:
            return
        if not self._in_body:
            self._head_bytes += len(data)
            if self._head is None:
                self._await_head()
        if self._unwanted is not None:
            self._forget(len(data))
        super().data_received(data)
        if self._head is not None and self._head_bytes > self._bounds.head_bytes:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        """Answered by the application, or by the refusal where there are too many connections."""
        self._in_body, self._head_bytes = True, 0
        self._let_go()
        application = self.app
        if len(self.connections) > self._bounds.most:
            self.app = _refused
        super().on_headers_complete()
        self.app = application

    def on_message_complete(self) -> None:
        """What follows is another head."""
        self._in_body = False
        self._let_go()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """A body that was answered before its end is read on for a moment, so that its sender sees the answer."""
        super().on_response_complete()
        if self._in_body and not self.transport.is_closing():
            self._unwanted = self.loop.call_later(self._bounds.unwanted_seconds, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left that would keep it."""
        self._let_go()
        super().connection_lost(exc)

    def _forget(self, size: int) -> None:
        """More of a body that was answered is no longer waited for."""
        self._unwanted_bytes += size
        if self._unwanted_bytes > self._bounds.unwanted_bytes:
            self.transport.close()

    def _await_head(self) -> None:
        self._head = self.loop.call_later(self._bounds.head_seconds, self._head_is_late)

    def _head_is_late(self) -> None:
        if self.flow.read_paused:
            # It is we who do not read: requests that were sent ahead wait for their turn.
            self._await_head()
        elif self._head_bytes:
            self._refuse(b"408 Request Timeout")
        else:
            self.transport.close()

    def _refuse(self, status: bytes) -> None:
        """What was asked before is answered or cut off. Closed at once, its client might be reset before it reads."""
        self._let_go()
        if not self.transport.is_closing():
            self._is_refused = True
            self.transport.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            self.transport.write_eof()
            self._unwanted = self.loop.call_later(self._bounds.unwanted_seconds, self.transport.close)

    def _let_go(self) -> None:
        for timer in (self._head, self._unwanted):
            if timer is not None:
                timer.cancel()
        self._head = self._unwanted = None
        self._unwanted_bytes = 0


def _bound(line: socket.socket, seconds: float) -> None:
    """It ends where nothing is taken for so long, or nobody is there while nothing is sent.

    Asked from half of the time on: once TCP_USER_TIMEOUT is over, one question without an answer ends it, whatever the
    count.
    """
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_USER_TIMEOUT, seconds * 1000),
        (socket.TCP_KEEPIDLE, seconds / 2),
        (socket.TCP_KEEPINTVL, seconds / 2 / _ASKED),
        (socket.TCP_KEEPCNT, _ASKED),
    ):
        line.setsockopt(socket.IPPROTO_TCP, option, max(1, int(value)))


async def _refused(scope: Scope, receive: Receive, send: Send) -> None:
    detail = "Trop de connexions sont ouvertes sur ce service. Fermez celles qui ne servent pas, puis recommencez."
    problem = Problem(503, "too-many-connections", detail, headers={"Retry-After": "5", "Connection": "close"})
    await answer(Request(scope), problem)(scope, receive, send)
