"""PostgreSQL on 127.0.0.1, from the wheel's programs: every commit is on the disk before it is answered.

Each database belongs to a role of its own, which cannot connect to the others.
"""

import asyncio
import os
import secrets
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from deploy.local.child import Child
from deploy.local.databases import Databases
from deploy.local.failures import StackError
from deploy.local.postgres_install import Installation, installation_for
from deploy.local.postgres_lock import drop_stale_lock
from deploy.local.readiness import POLL, not_started, until_ready
from deploy.local.secret_files import write_secret
from deploy.local.server import Server

_HOST = "127.0.0.1"
_START_LIMIT = 60.0
_MAJOR = "18"
# What a postmaster says while one that was killed, or its last sessions, are still ending.
_STILL_ENDING = ("shared memory block", 'lock file "postmaster.pid" already exists')
_END_LIMIT = 5.0
# It recovers, it ended while it was asked, or its disk is full.
_NOT_YET = (asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError, asyncpg.InsufficientResourcesError)

_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    # No replica reads this log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "lc_messages": "C",
    # Statements, their parameters and the details of an error hold what people wrote: none of it is logged.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}


class Postgres(Server):
    """One server with its data in `folder`; it may be started again after any end."""

    stop_signal = signal.SIGINT

    def __init__(self, folder: Path, port: int, *, log: Path | None = None) -> None:
        self.folder = folder.absolute()
        self.port = port
        super().__init__("postgres", log or self.folder.with_name(f"{self.folder.name}.log"))

    @property
    def superuser_url(self) -> str:
        """How the superuser connects."""
        return f"postgresql://postgres:{self._password()}@{_HOST}:{self.port}/postgres"

    def url(self, database: str) -> str:
        """How its owner connects to a database that `create_database` made."""
        return self.databases.url(database)

    async def create_database(self, name: str) -> str:
        """Makes the database and its owner of the same name where they are missing, and answers its URL."""
        return await self.databases.create(name)

    async def drop_database(self, name: str) -> None:
        """Ends its sessions and drops it."""
        await self.databases.drop(name)

    async def start(self) -> None:
        """Answers once it takes connections. Raises StackError."""
        installation = installation_for(self.folder)
        self._own(installation)
        if not (self.folder / "data").is_dir():
            await self._initialise(installation)
        self._refuse_other_versions()
        deadline = time.monotonic() + _END_LIMIT
        while True:
            if await self._started(installation, again=time.monotonic() < deadline):
                return
            await asyncio.sleep(0.1)

    async def _initialise(self, installation: Installation) -> None:
        write_secret(self.folder / "password", secrets.token_urlsafe(24), owner=installation.account)
        # Beside, then renamed: an initdb that is killed half-way leaves nothing that looks like data.
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        child = self._run(
            installation,
            "initdb",
            f"--pgdata={unfinished}",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--auth=scram-sha-256",
            f"--pwfile={self.folder / 'password'}",
        )
        if await child.finished():
            raise not_started(child, "la création de son dossier a échoué")
        unfinished.rename(self.folder / "data")

    def _own(self, installation: Installation) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if installation.account:
            os.chown(self.folder, installation.account.uid, installation.account.gid)
        self.folder.chmod(0o700)

    def _refuse_other_versions(self) -> None:
        made_by = (self.folder / "data" / "PG_VERSION").read_text().strip()
        if made_by != _MAJOR:
            raise StackError(
                f"Les données de {self.folder} ne peuvent pas être lues",
                why=f"elles ont été écrites par PostgreSQL {made_by}, et celui-ci est le {_MAJOR}",
                remedy="Choisir un autre dossier par --data, ou reprendre la version d’infoParquet qui les a écrites.",
            )

    async def _started(self, installation: Installation, *, again: bool) -> bool:
        drop_stale_lock(self.folder / "data")
        self.child = self._run(installation, "postgres", *self._options())
        try:
            await until_ready(self.child, self._when_it_takes_connections(), limit=_START_LIMIT)
        except StackError as failure:
            if again and any(words in failure.why for words in _STILL_ENDING):
                return False
            raise
        return True

    def _options(self) -> list[str]:
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        return ["-D", str(self.folder / "data"), "-h", _HOST, "-p", str(self.port), "-k", "", *settings]

    def _run(self, installation: Installation, program: str, *words: str) -> Child:
        return Child.start(
            self.name,
            [installation.programs / program, *words],
            log=self.log,
            folder=self.folder,
            environment=_environment(),
            account=installation.account,
        )

    async def _when_it_takes_connections(self) -> None:
        while True:
            try:
                # Without TLS, which it has not, no one looks for certificates in a home that may be closed.
                connection = await asyncpg.connect(self.superuser_url, timeout=5, ssl=False)
            except (ConnectionError, TimeoutError, *_NOT_YET):
                await asyncio.sleep(POLL)
            else:
                await connection.close()
                return

    @property
    def databases(self) -> Databases:
        """Makes and drops its databases."""
        return Databases(self.superuser_url, self.folder / "roles.json", ssl=False)

    def _password(self) -> str:
        return (self.folder / "password").read_text()


def _environment() -> Mapping[str, str]:
    # Nothing of the caller's PG* variables or locale may reach it.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
