"""Apache Kafka's jars: exactly those of `kafka.lock`, each checked by its SHA-256, fetched once and kept in a cache.

Two runs at once fetch them once; a folder of jars is there whole or not at all.
"""

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

LOCK = Path(__file__).with_name("kafka.lock")


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        """Its file's name, the same wherever it comes from."""
        return f"{self.artifact}-{self.version}.jar"

    def is_at(self, path: Path) -> bool:
        """Whether that file is this jar, to the bit."""
        try:
            with path.open("rb") as content:
                return hashlib.file_digest(content, "sha256").hexdigest() == self.sha256
        except OSError:
            return False


def locked_jars() -> list[Jar]:
    """What the lock asks for."""
    jars = []
    for line in LOCK.read_text().splitlines():
        if line and not line.startswith("#"):
            coordinate, _, digest = line.partition(" sha256:")
            group, artifact, version = coordinate.split(":")
            jars.append(Jar(group, artifact, version, digest))
    return jars


def locked_version(jars: Iterable[Jar]) -> str:
    """Kafka's version among them."""
    return next(jar.version for jar in jars if jar.artifact.startswith("kafka_"))


async def kafka_folder(beside: Path, say: Callable[[str], None]) -> Path:
    """The folder whose `jars` are Kafka's, in the user's cache, or in `beside` when that cannot be written.

    Raises NotFetchedError.
    """
    jars = locked_jars()
    name = f"kafka-{locked_version(jars)}"
    for cache in _caches(beside):
        if await asyncio.to_thread(_complete, jars, cache / name / "jars"):
            return cache / name
    cache = next(cache for cache in _caches(beside) if _writable(cache))
    async with only_here(cache / f"{name}.lock"):
        folder = cache / name
        if not _complete(jars, folder / "jars"):
            say(f"Téléchargement d’Apache Kafka {locked_version(jars)} (45 Mo, une seule fois)…")
            # Imported where it is needed: a resolver takes 0.3 s to load, and most starts find the jars.
            from deploy.local.maven import fetch

            await asyncio.to_thread(fetch, jars, folder)
    return folder


@asynccontextmanager
async def only_here(path: Path) -> AsyncIterator[None]:
    """Waits until no other process is inside for the same path."""
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.1)
        yield


def _caches(beside: Path) -> Iterable[Path]:
    home = os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME") or "/nonexistent") / ".cache"
    return (Path(home) / "infoparquet", beside)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _complete(jars: Iterable[Jar], folder: Path) -> bool:
    return all(jar.is_at(folder / jar.name) for jar in jars)
