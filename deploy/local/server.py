"""What the parts of the stack share: one child process each, that can be started again after any end."""

import signal
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

from deploy.local.child import Child


class Server(ABC):
    """`start` sets `child` and answers when it is ready; the rest follows."""

    stop_signal: ClassVar = signal.SIGTERM
    stop_limit: ClassVar = 20.0

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.child: Child | None = None

    @abstractmethod
    async def start(self) -> None:
        """Answers once it can be used. Raises StackError."""

    @property
    def pid(self) -> int:
        """The number of the process last started."""
        return self._last().pid

    async def wait(self) -> int:
        """The exit code, once it has ended; below 0 the signal that ended it."""
        return await self._last().wait()

    async def stop(self) -> None:
        """Ends it as an operator would, and with kill -9 after `stop_limit` seconds."""
        if self.child:
            await self.child.stop(self.stop_signal, limit=self.stop_limit)

    async def kill(self) -> None:
        """Ends it with kill -9."""
        await self._last().kill()

    def send(self, how: signal.Signals) -> None:
        """Sends it a signal, SIGSTOP or SIGCONT say."""
        self._last().send(how)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    def _last(self) -> Child:
        if self.child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self.child
