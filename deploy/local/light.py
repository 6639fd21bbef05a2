"""The `light` broker: one small program that speaks Kafka's protocol, for where Apache Kafka cannot be fetched.

It keeps everything in memory and writes it down about once a second: a kill -9 loses the last second.
"""

import importlib.util
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from deploy.local.child import Child
from deploy.local.failures import StackError
from deploy.local.readiness import until_ready, when_listening
from deploy.local.server import Server

_HOST = "127.0.0.1"
_START_LIMIT = 30.0


class LightBroker(Server):
    """One broker with its data in `folder`."""

    kind = "light"

    def __init__(self, folder: Path, port: int, *, log: Path | None = None) -> None:
        self.folder = folder.absolute()
        self.port = port
        super().__init__("kafka", log or self.folder / "output.log")

    @property
    def nodes(self) -> Sequence[Self]:
        """The only one."""
        return [self]

    @property
    def bootstrap(self) -> str:
        """What clients connect to."""
        return f"{_HOST}:{self.port}"

    async def start(self) -> None:
        """Answers once it takes connections. Raises StackError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = ["--only", "kafka", "--kafka-port", str(self.port), "--host", _HOST, "--data-dir", "data"]
        self.child = Child.start(
            self.name, [_program(self.folder), "start", *options], log=self.log, folder=self.folder
        )
        await until_ready(self.child, when_listening(self.port), limit=_START_LIMIT)


def _program(folder: Path) -> Path:
    # Not the wheel's command, which starts this as a child and leaves it running when it is killed itself.
    if not (package := importlib.util.find_spec("noida_db")) or not package.origin:
        raise StackError(
            "Le courtier léger est introuvable",
            why="le paquet Python noida-db n’est pas installé",
            remedy="Lancer `make setup`, ou choisir --broker apache.",
        )
    program = Path(package.origin).with_name("noida-db")
    if os.access(program, os.X_OK):
        return program
    # Wheels may be unpacked without the mode, into a folder that is not ours to change.
    copy = folder / program.name
    shutil.copyfile(program, copy)
    copy.chmod(0o700)
    return copy
