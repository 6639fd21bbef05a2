"""Who brings a large body is let in one after the other.

They come in crowds, and each costs before it is known who sends it: a trace, a route, a token. Whoever asks for
something else meanwhile passes by.
"""

import asyncio
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.bodies import reads_itself

# Seconds from one to the next: several times what letting one in takes.
APART = 0.02


class Admission:
    """Before all that is done of a request; `unlimited` as in `chassis.bodies`."""

    def __init__(self, app: ASGIApp, *, unlimited: Sequence[str]) -> None:
        self._app = app
        self._unlimited = unlimited
        self._last = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and reads_itself(scope["path"], self._unlimited):
            await self._turn()
        await self._app(scope, receive, send)

    async def _turn(self) -> None:
        now = asyncio.get_running_loop().time()
        self._last = turn = max(now, self._last + APART)
        if turn > now:
            await asyncio.sleep(turn - now)
