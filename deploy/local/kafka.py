"""Apache Kafka on 127.0.0.1: KRaft nodes, each broker and controller in one process; one by itself is a cluster too.

What it has acknowledged survives a kill -9 of its process at any moment. It leaves flushing to the system, as Apache
Kafka does by default, so a power cut may lose the last seconds: three nodes are for that.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.child import Child
from deploy.local.failures import StackError
from deploy.local.java import Java, find_java
from deploy.local.kafka_jars import kafka_folder, locked_jars, locked_version, only_here
from deploy.local.kafka_ready import when_kafka_answers
from deploy.local.kafka_settings import HOST, LOG_FOLDER, LOGGING, Node, new_cluster_id, node_settings
from deploy.local.ports import free_ports
from deploy.local.readiness import not_started, until_ready
from deploy.local.server import Server

_START_LIMIT = 90.0
_FIRST_JAVA_WITH_CLASS_CACHE = 25
_UNFINISHED = ".recording-"
_FORMATTED_BY, _BEFORE_IT_WAS_WRITTEN = "formatted-by", "4.4.0"
# These would change the Java we start, and make its class cache unusable.
_OTHERS_SETTINGS = ("CLASSPATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")


@dataclass(frozen=True)
class Runtime:
    """A Java and the folder of Kafka's jars."""

    java: Java
    kafka: Path
    options: Sequence[str] = ()

    def command(self, main: str, *words: str) -> list[str | Path]:
        """Starts a main class of Kafka's. Its folders are relative, so that theirs may hold any character."""
        fixed = [
            "-Xmx512m",
            "-XX:+UseSerialGC",
            # Most runs are over before a second compiler would pay for itself: a third less work at the start.
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:ErrorFile=java-error.log",
            "-Djava.io.tmpdir=tmp",
            "-Dlog4j2.configurationFile=log4j2.xml",
        ]
        if self.java.major >= _FIRST_JAVA_WITH_CLASS_CACHE:
            # Kafka's compression and its mapped files still use what this Java warns about.
            fixed += ["--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"]
        return [self.java.program, *fixed, *self.options, "-cp", f"{self.kafka / 'jars'}/*", main, *words]


class KafkaNode(Server):
    """One of `nodes` with its configuration, log and data in `folder`; it may be started again after any end."""

    def __init__(
        self,
        folder: Path,
        node: Node,
        nodes: Sequence[Node],
        *,
        cluster_id: str,
        name: str = "kafka",
        log: Path | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.node = node
        self._nodes = nodes
        self.cluster_id = cluster_id
        self._runtime = runtime
        super().__init__(name, log or self.folder / "output.log")

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.node.port

    @property
    def bootstrap(self) -> str:
        """What clients connect to."""
        return f"{HOST}:{self.node.advertised}"

    async def prepare(self, say: Callable[[str], None] = lambda _: None) -> Runtime:
        """Fetches what has to be, once a machine, and says so. Raises NotFetchedError, or StackError without a Java."""
        if self._runtime is None:
            self._runtime = await _prepared_runtime(self.folder.parent / "cache", say)
        return self._runtime

    async def start(self) -> None:
        """Answers once a transactional producer and a group can begin. Raises StackError."""
        runtime = await self.prepare()
        self._write_configuration()
        if (self.folder / LOG_FOLDER / "meta.properties").is_file():
            self._refuse_later_versions()
        else:
            await self._format(runtime)
        self.child = self._run(runtime, "kafka.Kafka", "server.properties")
        await until_ready(self.child, when_kafka_answers(self.node), limit=_START_LIMIT)

    def _write_configuration(self) -> None:
        # The compression libraries unpack native code there, and leave it when they are killed.
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        (self.folder / "tmp").mkdir(parents=True)
        (self.folder / "log4j2.xml").write_text(LOGGING)
        (self.folder / "server.properties").write_text(node_settings(self.node, self._nodes, LOG_FOLDER))

    def _refuse_later_versions(self) -> None:
        written = self.folder / _FORMATTED_BY
        began = written.read_text() if written.is_file() else _BEFORE_IT_WAS_WRITTEN
        ours = locked_version(locked_jars())
        if _comparable(began) > _comparable(ours):
            raise StackError(
                f"Les données de {self.folder} ne peuvent pas être lues",
                why=f"elles ont été commencées par Apache Kafka {began}, et celui-ci est le {ours}",
                remedy="Choisir un autre dossier par --data, ou reprendre la version d’infoParquet qui les a écrites.",
            )

    async def _format(self, runtime: Runtime) -> None:
        # Beside, then renamed: a formatting that is killed half-way leaves nothing that looks like a log.
        unfinished = self.folder / "log.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        (self.folder / "format.properties").write_text(node_settings(self.node, self._nodes, unfinished.name))
        words = ("format", f"--cluster-id={self.cluster_id}", "--config=format.properties")
        child = self._run(runtime, "kafka.tools.StorageTool", *words)
        if await child.finished():
            raise not_started(child, "le formatage de son dossier a échoué")
        (self.folder / _FORMATTED_BY).write_text(locked_version(locked_jars()))
        unfinished.rename(self.folder / LOG_FOLDER)

    def _run(self, runtime: Runtime, main: str, *words: str) -> Child:
        command = runtime.command(main, *words)
        return Child.start(self.name, command, log=self.log, folder=self.folder, environment=_environment())


class ApacheKafka(KafkaNode):
    """One node by itself."""

    kind = "apache"

    def __init__(
        self,
        folder: Path,
        port: int,
        controller_port: int,
        *,
        log: Path | None = None,
        runtime: Runtime | None = None,
        detour: int = 0,
    ) -> None:
        node = Node(1, port, controller_port, detour)
        super().__init__(folder, node, [node], cluster_id=new_cluster_id(), log=log, runtime=runtime)

    @property
    def nodes(self) -> Sequence[KafkaNode]:
        """The only one."""
        return [self]


def _comparable(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def _environment() -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _OTHERS_SETTINGS}
    # In another locale Java cannot name a folder that has an accent.
    return kept | {"LC_ALL": "C.UTF-8"}


async def _prepared_runtime(beside: Path, say: Callable[[str], None]) -> Runtime:
    java = find_java()
    kafka = await kafka_folder(beside, say)
    if java.major < _FIRST_JAVA_WITH_CLASS_CACHE:
        return Runtime(java, kafka)
    cache = kafka / f"java-{java.version}.aot"
    if not cache.is_file():
        if not os.access(kafka, os.W_OK):
            return Runtime(java, kafka)
        async with only_here(kafka / "recording.lock"):
            if not cache.is_file():
                say("Premier démarrage d’Apache Kafka sur ce poste : préparation d’une dizaine de secondes.")
                await _record_class_cache(Runtime(java, kafka, ["-XX:AOTCacheOutput=recorded.aot"]), cache)
    return Runtime(java, kafka, [f"-XX:AOTCache={cache}", "-Xlog:disable", "-Xlog:all=error:stderr"])


async def _record_class_cache(recording: Runtime, cache: Path) -> None:
    """Once a machine, ten seconds: classes loaded and linked in advance make a start last 1.0 s, not 3.7 s."""
    for left in cache.parent.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=cache.parent, prefix=_UNFINISHED) as name:
        broker = ApacheKafka(Path(name), *free_ports(2), runtime=recording)
        await broker.start()
        await broker.stop()
        (Path(name) / "recorded.aot").rename(cache)
