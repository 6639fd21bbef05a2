"""What a Kafka node is told: for all nodes of a cluster from one list, each in its own folder of 127.0.0.1."""

import base64
import json
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
LOG_FOLDER = "log"

_SETTINGS = """\
process.roles=broker,controller
node.id={node.id}
controller.quorum.voters={voters}
listeners=PLAINTEXT://{host}:{node.port},CONTROLLER://{host}:{node.controller_port}
advertised.listeners=PLAINTEXT://{host}:{node.advertised}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={log}

# Topics exist because `migrate` made them.
auto.create.topics.enable=false
default.replication.factor={copies}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync}

# A dead relay's transaction ends when its time-out is over, not up to ten seconds later.
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
transaction.max.timeout.ms=60000
group.initial.rebalance.delay.ms=0
# A node that was killed may not come back before its last session is over: 11 s by default, 3 s like this.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
# Readers wait for a follower as long as it waits for news: 500 ms by default.
replica.fetch.wait.max.ms=100

# Flushing is left to the system, as Apache Kafka does by default (log.flush.interval.messages).
# Idle most of the time, on a machine with other work: small buffers, few threads, no record every half second.
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
log.cleaner.dedupe.buffer.size=8388608
metadata.max.idle.interval.ms=0
metric.reporters=
"""

LOGGING = """\
<Configuration status="error" shutdownHook="disable">
  <Appenders>
    <RollingFile name="file" fileName="server.log" filePattern="server.log.%i">
      <PatternLayout pattern="%d{ISO8601} %p %c{1}: %m%n"/>
      <SizeBasedTriggeringPolicy size="10 MB"/>
      <DefaultRolloverStrategy max="2"/>
    </RollingFile>
  </Appenders>
  <Loggers>
    <Root level="WARN"><AppenderRef ref="file"/></Root>
  </Loggers>
</Configuration>
"""


@dataclass(frozen=True)
class Node:
    """One member of a cluster, broker and controller both; others are told ports that lie `detour` higher."""

    id: int
    port: int
    controller_port: int
    detour: int = 0

    @property
    def advertised(self) -> int:
        """The port that clients come to."""
        return self.port + self.detour

    @property
    def voter(self) -> str:
        """How the members of the cluster name and reach its controller."""
        return f"{self.id}@{HOST}:{self.controller_port + self.detour}"


def node_settings(node: Node, nodes: Sequence[Node], log: str) -> str:
    """The properties of one of `nodes`; `log` is relative to the folder it runs in."""
    copies = min(3, len(nodes))
    voters = ",".join(one.voter for one in nodes)
    return _SETTINGS.format(host=HOST, node=node, voters=voters, copies=copies, in_sync=max(1, copies - 1), log=log)


def new_cluster_id() -> str:
    """An identifier as Kafka makes them; one that begins with a dash would read as an option."""
    while (name := base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()).startswith("-"):
        pass
    return name


def cluster_id_in(folder: Path) -> str | None:
    """The identifier that a node's folder was formatted with, None where it was not."""
    described = folder / LOG_FOLDER / "meta.properties"
    if not described.is_file():
        return None
    found = re.search(r"^cluster\.id=(\S+)$", described.read_text(), re.MULTILINE)
    return found[1] if found else None


def elected(folders: Iterable[Path]) -> int:
    """The controller that rules the others, as the newest vote says that the node of any of these folders knows of."""
    return max(vote for folder in folders if (vote := _last_vote(folder)))[1]


def _last_vote(folder: Path) -> tuple[int, int] | None:
    """The epoch and the controller that a node last knew of, None where it knows none."""
    state = folder / LOG_FOLDER / "__cluster_metadata-0" / "quorum-state"
    known = json.loads(state.read_text()) if state.is_file() else {"leaderId": -1}
    return (known["leaderEpoch"], known["leaderId"]) if known["leaderId"] >= 0 else None
