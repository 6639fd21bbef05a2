"""A request's body comes within bounds: no longer than what may be held, no slower than a bad line would send it.

The pace is that of Apache's mod_reqtimeout: so long to begin, and so many bytes for each further second. Only the time
that is waited for the client counts, not what is done with what came; and none of it is waited too long in one piece.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.problems import Problem

# A procedure's event is 256 KiB at most; people and words come on top.
LARGEST_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds to begin with, and the bytes that earn one more; never more than `longest_pause` of them at once."""

    seconds: float = 20.0
    bytes_a_second: float = 500.0
    longest_pause: float = 900.0


DEFAULT_PACE = Pace()


class BoundedBody:
    """Refuses a body as soon as it is known to be too long (413), or comes too slowly (408)."""

    def __init__(self, app: ASGIApp, *, unlimited: Sequence[str], pace: Pace) -> None:
        self._app = app
        self._unlimited = unlimited
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limited = not reads_itself(scope["path"], self._unlimited)
        declared = int(Headers(scope=scope).get("content-length", "0")) if limited else 0
        body = _Body(receive, self._pace, LARGEST_BODY if limited else None, declared)
        await self._app(scope, body.receive, send)


def reads_itself(path: str, unlimited: Iterable[str]) -> bool:
    """Whether what is at a path reads large bodies; one of `unlimited` that ends in `/` stands for all below it."""
    return any(path == one or (one.endswith("/") and path.startswith(one)) for one in unlimited)


class _Body:
    """What has come of one, and how long it was waited for."""

    def __init__(self, receive: Receive, pace: Pace, largest: int | None, declared: int) -> None:
        self._receive = receive
        self._pace = pace
        self._largest = largest
        self._read, self._declared = 0, declared
        self._waited = 0.0
        self._complete = False

    async def receive(self) -> Message:
        """The next piece. Raises Problem."""
        # After the last piece there is the client's leaving to wait for, however long.
        message = await self._receive() if self._complete else await self._in_time()
        self._complete |= not message.get("more_body", False)
        self._read += len(message.get("body", b""))
        if self._largest is not None and max(self._read, self._declared) > self._largest:
            raise Problem(413, "too-large", f"Le corps de la requête dépasse {self._largest // 1024} Kio.")
        return message

    async def _in_time(self) -> Message:
        loop = asyncio.get_running_loop()
        began = loop.time()
        allowed = self._pace.seconds + self._read / self._pace.bytes_a_second - self._waited
        try:
            async with asyncio.timeout(max(min(allowed, self._pace.longest_pause), 0.0)):
                return await self._receive()
        except TimeoutError:
            detail = (
                f"Le corps de la requête arrive trop lentement : {self._read} octets reçus en"
                f" {self._waited + loop.time() - began:.0f} secondes. Renvoyez la même requête, par une liaison plus"
                " rapide ou en plus petits morceaux ; rien ne sera enregistré deux fois."
            )
            raise Problem(408, "too-slow", detail) from None
        finally:
            self._waited += loop.time() - began
