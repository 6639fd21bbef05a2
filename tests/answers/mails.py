"""An SMTP server that keeps what it gets, and intake listening for notify's question whom to write to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

import uvicorn

from deploy.local.ports import free_ports
from tests.processes import until
from tests.services.in_process import InProcess
from tests.services.notify.smtp import Server, smtp_server


@dataclass
class Mailroom:
    """`facts` are those that mails have told, one a mail."""

    smtp: Server
    port: int
    facts: list[str] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def opened(cls) -> AsyncIterator[Self]:
        """It takes mails while the block lasts."""
        (port,) = free_ports(1)
        async with smtp_server() as smtp:
            yield cls(smtp, port)

    @property
    def settings(self) -> dict[str, str]:
        """What services are told of it."""
        return {"smtp_url": f"smtp://127.0.0.1:{self.smtp.port}", "intake_url": f"http://127.0.0.1:{self.port}"}

    async def deliver(self, services: Mapping[str, InProcess]) -> None:
        """Have notify's worker send all that is due."""
        app = services["intake"].running.app
        config = uvicorn.Config(app, port=self.port, log_config=None, lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        server.capture_signals = suppress  # type: ignore[method-assign, assignment]
        worker, _ = services["notify"].running.workers
        tasks = [asyncio.create_task(server.serve()), asyncio.create_task(worker())]

        async def all_sent() -> bool:
            return not await services["notify"].rows("SELECT id FROM deliveries WHERE state <> 'sent'")

        try:
            await until(all_sent, what="mails sent")
        finally:
            tasks[1].cancel()
            server.should_exit = True
            await asyncio.gather(*tasks, return_exceptions=True)
        self.facts = [str(one.message["X-InfoParquet-Fact"]) for one in self.smtp.received]
