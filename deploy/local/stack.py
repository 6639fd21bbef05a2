"""The whole system on one machine: database, broker, issuer and services on 127.0.0.1, as children of this process.

`async with Stack(options)` has it ready inside, and stops it in order on the way out.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Self

from chassis.settings import MIGRATIONS
from deploy.local.brokers import Broker, broker_ports, chosen_kind, describe_nodes, prepared_broker
from deploy.local.child import Child
from deploy.local.data_folder import DataFolder
from deploy.local.databases import Databases
from deploy.local.environment import Surroundings
from deploy.local.failures import StackError
from deploy.local.http_process import HttpProcess
from deploy.local.identities import organisations
from deploy.local.kafka_cluster import KafkaCluster
from deploy.local.options import EMBEDDED, ISSUER, MAIL, POSTGRES, SMTP, TRACES, Options
from deploy.local.ports import refuse_taken
from deploy.local.postgres import Postgres
from deploy.local.reference_data import prepare
from deploy.local.run_file import remove_run_file, write_run_file
from deploy.local.supervisor import Supervisor, ending
from deploy.local.tokens import LIFETIME, TokenMaker

Say = Callable[[str], None]


def tell(line: str) -> None:
    """One line on standard error."""
    print(line, file=sys.stderr, flush=True)


class Stack:
    """One run. `say` takes lines in French for the person in front of it."""

    def __init__(self, options: Options, say: Say = tell) -> None:
        self.options = options
        self.data = options.data.absolute()
        self._say = say
        self._folder = DataFolder(self.data)
        self._supervisor = Supervisor(say, self._write_run_file)
        self._broker: Broker | None = None
        self._postgres: Postgres | None = None
        self._services: dict[str, list[HttpProcess]] = {name: [] for name in options.services}
        self._databases: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Answers once everything is ready and the run file says so. Raises StackError, with nothing left running."""
        await self._folder.hold()
        try:
            # One that a killed run left behind.
            remove_run_file(self.data)
            await refuse_taken(self._ports())
            maker = TokenMaker.open(self.data / "issuer", self.issuer)
            await asyncio.to_thread(prepare, self.data)
            self._supervisor.add_layer()
            await _together(
                self._start_databases(),
                self._start_broker(),
                self._start_issuer(),
                self._start_mail(),
                self._start_traces(),
            )
            self._supervisor.add_layer()
            (self.data / "objects").mkdir(mode=0o700, exist_ok=True)
            surroundings = Surroundings(self.options, self.data, self.bootstrap, maker)
            await self._migrate(surroundings)
            await _together(*(self._start_service(name, surroundings) for name in self.options.services))
        except BaseException:
            await self.stop()
            raise
        self._mint_tokens(maker)
        self._renewing = asyncio.create_task(self._renew_tokens(maker))

    async def stop(self) -> None:
        """Ends everything in order; again has no effect."""
        if self._renewing:
            self._renewing.cancel()
        if self._tokens:
            remove_run_file(self.data)
            self._tokens = {}
        await self._supervisor.stop()
        self._folder.release()

    def hurry(self) -> None:
        """For one who is tired of waiting for `stop`."""
        self._supervisor.kill()

    @property
    def issuer(self) -> str:
        """Its URL."""
        return self._url(self.options.port(ISSUER))

    @property
    def bootstrap(self) -> str:
        """What Kafka's clients connect to."""
        return self._broker.bootstrap if self._broker else self.options.broker

    def describe(self) -> dict[str, Any]:
        """The run file's content: what runs where, and tokens for it."""
        content: dict[str, Any] = {"pid": os.getpid(), "kafka": self.bootstrap, "broker": "external"}
        if self._broker:
            content |= {"broker": self._broker.kind, "nodes": describe_nodes(self._broker)}
        if self._postgres:
            content["postgres"] = {"pid": self._postgres.pid, "port": self._postgres.port}
        content["services"] = {
            name: {
                "url": replicas[0].url,
                "urls": [replica.url for replica in replicas],
                "pids": [replica.pid for replica in replicas],
                "database": self._databases[name],
            }
            for name, replicas in self._services.items()
        }
        if "query" in self._services:
            content["portal"] = f"{self._services['query'][0].url}/"
        if self.options.catches_mail:
            content["mail"] = f"{self._url(self.options.port(MAIL))}/"
        if self.options.traces:
            content["traces"] = f"{self._url(self.options.port(TRACES))}/"
        return content | {"issuer": self.issuer, "tokens": self._tokens}

    async def _start_databases(self) -> None:
        if self.options.database == EMBEDDED:
            port = self.options.port(POSTGRES)
            self._postgres = Postgres(self.data / "postgres", port, log=self._log("postgres"))
            await self._supervisor.start(self._postgres)
            databases = self._postgres.databases
        else:
            databases = Databases(self.options.database, self.data / "databases.json")
        for name in self.options.services:
            url = await databases.create(f"infoparquet_{name}")
            direct, detoured = self.options.port(POSTGRES), self.options.detoured(POSTGRES)
            self._databases[name] = url.replace(f"@127.0.0.1:{direct}/", f"@127.0.0.1:{detoured}/")

    async def _start_broker(self) -> None:
        if self.options.external_broker:
            return
        self._broker = await prepared_broker(self.options, self.data, self._say)
        await _together(*(self._supervisor.start(node) for node in self._broker.nodes))
        if isinstance(self._broker, KafkaCluster):
            await self._broker.ready()

    async def _start_issuer(self) -> None:
        await self._start_program("issuer", self.options.port(ISSUER), "--data", str(self.data / "issuer"))

    async def _start_mail(self) -> None:
        if self.options.catches_mail:
            smtp_port = self.options.port(SMTP)
            await self._start_program("mail", self.options.port(MAIL), "--smtp-port", str(smtp_port))

    async def _start_traces(self) -> None:
        if self.options.traces:
            await self._start_program("traces", self.options.port(TRACES))

    async def _start_program(self, name: str, port: int, *words: str) -> None:
        """One of the stack's own."""
        command = [sys.executable, "-m", f"deploy.local.{name}", *words, "--port", str(port)]
        program = HttpProcess(name, command, url=self._url(port), log=self._log(name), environment=os.environ)
        await self._supervisor.start(program)

    async def _migrate(self, surroundings: Surroundings) -> None:
        told = {
            name: surroundings.differing(name, self.options.service_ports(name)[0], self._databases[name])
            for name in self.options.services
        }
        # In one process: in one each, most of the time would go to imports.
        command = [*self.options.command, "migrate", *told, *(["--new-cluster"] if self.options.new_cluster else [])]
        environment = os.environ | {MIGRATIONS: json.dumps(told)}
        migration = Child.start("migrate", command, log=self._log("migrate"), environment=environment)
        if code := await migration.finished():
            raise StackError(
                "La mise à jour des bases (migrate) n’a pas abouti",
                why=f"{ending(code)}\n{migration.last_words()}",
                remedy=f"Le détail est dans {migration.log}.",
            )

    async def _start_service(self, name: str, surroundings: Surroundings) -> None:
        for number, port in enumerate(self.options.service_ports(name), 1):
            shown = name if number == 1 else f"{name}-{number}"
            url, log = self._url(port), self._log(shown)
            environment = surroundings.of(name, port, self._databases[name])
            command = [*self.options.command, "serve", name]
            self._services[name].append(HttpProcess(shown, command, url=url, log=log, environment=environment))
        await _together(*(self._start_replica(process) for process in self._services[name]))

    async def _start_replica(self, process: HttpProcess) -> None:
        await self._supervisor.start(process)
        await process.until_ready()

    def _mint_tokens(self, maker: TokenMaker) -> None:
        self._tokens = {one.name: maker.mint(one.name) for one in organisations()}
        self._write_run_file()

    async def _renew_tokens(self, maker: TokenMaker) -> None:
        while True:
            await asyncio.sleep(LIFETIME / 2)
            self._mint_tokens(maker)

    def _write_run_file(self) -> None:
        # Without tokens it is not ready yet, or no longer.
        if self._tokens:
            write_run_file(self.data, self.describe())

    def _ports(self) -> dict[int, str]:
        ports = {self.options.port(ISSUER): "issuer"}
        if self.options.database == EMBEDDED:
            ports[self.options.port(POSTGRES)] = "PostgreSQL"
        if not self.options.external_broker:
            ports |= broker_ports(self.options, chosen_kind(self.options, self.data))
        if self.options.catches_mail:
            ports |= {self.options.port(MAIL): "page des courriels", self.options.port(SMTP): "SMTP"}
        if self.options.traces:
            ports[self.options.port(TRACES)] = "page des traces"
        for name in self.options.services:
            ports |= dict.fromkeys(self.options.service_ports(name), name)
        return ports

    def _log(self, name: str) -> Path:
        return self.data / "logs" / f"{name}.log"

    def _url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"


async def _together(*work: Coroutine[Any, Any, None]) -> None:
    """All at once; the first failure ends the others and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
