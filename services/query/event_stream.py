"""An answer that goes on: the facts of a scope as Server-Sent Events, from a place in the feed, each once and in order.

It ends with the caller's token or session, with its right to the procedure, with the service, and with the client. A
client that does not read is held by a full connection alone, which TCP ends (see `chassis.connections`); it has missed
nothing.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import Final

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from chassis.errors import is_unavailable
from services.query import feed_store
from services.query.cursor import write_place
from services.query.fanout import PAGE, Fanout, Frame, Stream
from services.query.feed_api import read_after
from services.query.feed_store import BEGINNING, OtherFeed, Place, Row, Scope
from services.query.rights import OfTribunal

HEARTBEAT_SECONDS: Final = 15.0
LOOK_AGAIN_SECONDS: Final = 1.0
# Whoever has a token for ever comes again once a day, too.
LONGEST_SECONDS: Final = 86_400.0
# Nothing on the way may keep it or hold it back.
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_HEARTBEAT: Final = b":\n\n"


class EventStream(Response):
    """`after` is where it begins, None for where the feed ends now; a new one's first event says where that is.

    Before it begins it raises Problem where the place is of another feed, and what a lost connection raises.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        fanout: Fanout,
        engine: AsyncEngine,
        scope: Scope,
        after: Place | None,
        *,
        is_new: bool,
        until: float,
        headers: Mapping[str, str],
        heartbeat: float = HEARTBEAT_SECONDS,
        session: bytes | None = None,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers({**HEADERS, **headers})
        self._fanout = fanout
        self._engine = engine
        self._scope = scope
        self._after = after
        self._place = after or BEGINNING
        self._is_new = is_new
        self._until = until
        self._heartbeat = heartbeat
        self._session = session

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """ASGI."""
        with self._fanout.stream(self._scope, self._session) as stream:
            known = await self._enter(stream)
            left = min(max(0.0, self._until - time.time()), LONGEST_SECONDS)
            loop = asyncio.get_running_loop()
            expiring = loop.call_later(left, stream.end)
            # Beside the events: a wait with a limit at each of them costs a third of what a stream costs.
            beating = _Beats(loop, self._heartbeat, stream)
            leaving = asyncio.create_task(_end_when_left(receive, stream))
            try:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await self._tell(stream, send, known)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            finally:
                leaving.cancel()
                expiring.cancel()
                beating.cancel()

    async def _enter(self, stream: Stream) -> list[Row]:
        """What the client has not had, the first of it; what is new waits from before it is looked for."""
        stream.catch_up()
        async with self._fanout.reader(self._engine) as connection:
            if self._after is None:
                self._place = await feed_store.end(connection, self._scope)
                return []
            rows = await read_after(connection, self._scope, self._after, PAGE)
        if len(rows) == PAGE:
            stream.fall_behind()
        return rows

    async def _tell(self, stream: Stream, send: Send, known: list[Row]) -> None:
        if self._is_new:
            cursor = write_place(self._place).encode()
            await _send(send, b'id: %b\nevent: here\ndata: {"cursor": "%b"}\n\n' % (cursor, cursor))
        await self._send_frames(stream, send, map(self._fanout.frame, known))
        while not stream.over:
            if stream.behind:
                await self._catch_up(stream, send)
            elif frames := stream.take():
                await self._send_frames(stream, send, frames)
            elif stream.beat:
                stream.beat = False
                await _send(send, _HEARTBEAT)
            else:
                await stream.woken.wait()
                stream.woken.clear()

    async def _catch_up(self, stream: Stream, send: Send) -> None:
        stream.catch_up()
        while not stream.over and not stream.behind:
            try:
                async with self._fanout.reader(self._engine) as connection:
                    rows = await feed_store.read(connection, self._scope, self._place, PAGE)
            except OtherFeed:
                stream.end()
                return
            except Exception as error:
                if not is_unavailable(error):
                    raise
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                await _send(send, _HEARTBEAT)
                continue
            await self._send_frames(stream, send, map(self._fanout.frame, rows))
            if len(rows) < PAGE:
                return

    async def _send_frames(self, stream: Stream, send: Send, frames: Iterable[Frame]) -> None:
        """Those that were not sent; the one by which its court let go of the procedure is the last."""
        contents = []
        for frame in frames:
            if frame.place.seq <= self._place.seq or stream.over:
                continue
            contents.append(frame.content)
            self._place = frame.place
            if self._is_last(frame):
                stream.end()
        if contents:
            await _send(send, b"".join(contents))

    def _is_last(self, frame: Frame) -> bool:
        sight = self._scope.sight
        return self._scope.procedure is not None and isinstance(sight, OfTribunal) and frame.parts_from == sight.code


class _Beats:
    """Has a stream send a comment every so many seconds, until cancelled."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, stream: Stream) -> None:
        self._loop = loop
        self._seconds = seconds
        self._stream = stream
        self._timer = loop.call_later(seconds, self._beat)

    def cancel(self) -> None:
        self._timer.cancel()

    def _beat(self) -> None:
        self._stream.beat = True
        self._stream.woken.set()
        self._timer = self._loop.call_later(self._seconds, self._beat)


async def _send(send: Send, content: bytes) -> None:
    await send({"type": "http.response.body", "body": content, "more_body": True})


async def _end_when_left(receive: Receive, stream: Stream) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass
        stream.end()
