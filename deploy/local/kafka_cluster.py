"""A cluster of three Apache Kafka nodes on 127.0.0.1: what two of them have acknowledged survives the loss of one.

Each node has its folder and its log, and can be stopped and started alone.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from deploy.local.failures import StackError
from deploy.local.kafka import KafkaNode, Runtime
from deploy.local.kafka_ready import when_replicated
from deploy.local.kafka_settings import Node, cluster_id_in, elected, new_cluster_id

SIZE = 3
_REPLICATION_LIMIT = 60.0


class _Member(KafkaNode):
    # The last one to end waits for others that have ended, to hand over to them what it leads.
    stop_limit = 3.0


class KafkaCluster:
    """Nodes in `kafka-1`, `kafka-2`, `kafka-3` of `folder`, their logs in `logs`."""

    kind = "apache:3"

    def __init__(
        self,
        folder: Path,
        ports: Sequence[int],
        controller_ports: Sequence[int],
        *,
        logs: Path | None = None,
        detour: int = 0,
    ) -> None:
        members = [Node(*of, detour) for of in zip(range(1, SIZE + 1), ports, controller_ports, strict=True)]
        names = [f"kafka-{member.id}" for member in members]
        # A start may have been cut off when some were formatted and others not.
        known = next(filter(None, (cluster_id_in(folder / name) for name in names)), None)
        cluster_id = known or new_cluster_id()
        self.nodes = [
            _Member(
                folder / name,
                member,
                members,
                cluster_id=cluster_id,
                name=name,
                log=(logs or folder) / f"{name}.log",
            )
            for name, member in zip(names, members, strict=True)
        ]

    @property
    def bootstrap(self) -> str:
        """What clients connect to: any of these."""
        return ",".join(node.bootstrap for node in self.nodes)

    def controller(self) -> KafkaNode:
        """The node that rules the others now."""
        ruling = elected(node.folder for node in self.nodes)
        return next(node for node in self.nodes if node.node.id == ruling)

    async def prepare(self, say: Callable[[str], None] = lambda _: None) -> Runtime:
        """Fetches what has to be, once for the three. Raises NotFetchedError, or StackError without a Java."""
        return (await asyncio.gather(*(node.prepare(say) for node in self.nodes)))[0]

    async def start(self) -> None:
        """Answers once all three can be used. Raises StackError."""
        await asyncio.gather(*(node.start() for node in self.nodes))
        await self.ready()

    async def ready(self) -> None:
        """Answers once what coordinates transactions and groups stands on all three. Raises StackError."""
        try:
            await asyncio.wait_for(when_replicated(self.bootstrap, SIZE), _REPLICATION_LIMIT)
        except TimeoutError:
            raise StackError(
                "Les trois nœuds de Kafka ne se sont pas rejoints",
                why=f"leurs copies ne sont toujours pas à jour après {_REPLICATION_LIMIT:g} s",
                remedy=f"Le détail est dans {self.nodes[0].folder.parent}/kafka-*/server.log.",
            ) from None

    async def stop(self) -> None:
        """Ends all three at once, as an operator would."""
        await asyncio.gather(*(node.stop() for node in self.nodes))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()
