"""Keeps the parts of the stack running: what dies is started again, and what it says about it is one line in French.

Parts are started in layers and stopped in the opposite order, so that nothing loses what it stands on.
"""

import asyncio
import signal
import time
from collections.abc import Callable

from deploy.local.server import Server

FIRST_DELAY = 0.2
LONGEST_DELAY = 10.0
HEALTHY_AFTER = 30.0


class Supervisor:
    """`say` takes the lines for people; `changed` is called when a part has another process than before."""

    def __init__(self, say: Callable[[str], None], changed: Callable[[], None]) -> None:
        self._say = say
        self._changed = changed
        self._layers: list[list[Server]] = []
        self._watches: list[asyncio.Task[None]] = []

    def add_layer(self) -> None:
        """What is started from now on stands on what was started before."""
        self._layers.append([])

    async def start(self, server: Server) -> None:
        """Starts it and keeps it running. Raises StackError when it cannot be started this first time."""
        self._layers[-1].append(server)
        await server.start()
        self._watches.append(asyncio.create_task(self._watch(server)))

    async def stop(self) -> None:
        """Ends everything, layer by layer; `kill` may come in between."""
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        while self._layers:
            await asyncio.gather(*(server.stop() for server in self._layers[-1]))
            self._layers.pop()

    def kill(self) -> None:
        """Ends everything at once: nothing that was acknowledged is lost by it, only what was in hand."""
        for layer in self._layers:
            for server in layer:
                if server.child:
                    server.child.send(signal.SIGKILL)

    async def _watch(self, server: Server) -> None:
        delay = FIRST_DELAY
        while True:
            began = time.monotonic()
            code = await server.wait()
            if time.monotonic() - began > HEALTHY_AFTER:
                delay = FIRST_DELAY
            self._say(f"{server.name} s’est arrêté ({ending(code)}) ; nouveau démarrage dans {_seconds(delay)}.")
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)
            await self._start_again(server)

    async def _start_again(self, server: Server) -> None:
        try:
            await server.start()
            self._changed()
        except Exception as failure:  # noqa: BLE001 - nobody else starts it again, whatever came of this time
            told = str(failure).splitlines() or [type(failure).__name__]
            self._say(f"{server.name} n’a pas redémarré : {told[0]} ; voir {server.log}.")
        else:
            self._say(f"{server.name} a redémarré.")


def ending(code: int) -> str:
    """How a process ended, for people."""
    return f"code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _seconds(delay: float) -> str:
    return f"{delay:g} s".replace(".", ",")
