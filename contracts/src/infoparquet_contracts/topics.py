"""The one declaration of the topics: names, keys, partitions, settings, who writes and who reads.

Names and partition counts are fixed: another count would break the order of a procedure's facts. Writers and readers
are services by their names, courts as `tribunal:<code>`, and `operator`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import get_args

from .identifiers import ServiceName

SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)

OPERATOR = "operator"
# Four events of the greatest size fit in a batch of this many bytes; it is also what aiokafka's producer sends at most.
_MAX_BATCH_BYTES = 1024 * 1024


def _kept(term: timedelta | None) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": "-1" if term is None else str(term // timedelta(milliseconds=1)),
        "retention.bytes": "-1",
        "max.message.bytes": str(_MAX_BATCH_BYTES),
        "unclean.leader.election.enable": "false",
    }


@dataclass(frozen=True, slots=True)
class Topic:
    """`config` is what holds on any number of nodes; `settings` adds what depends on it."""

    name: str
    key: str
    partitions: int
    config: Mapping[str, str]
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]

    def settings(self, nodes: int) -> dict[str, str]:
        return {**self.config, "min.insync.replicas": str(replication(nodes)[1])}


def replication(nodes: int) -> tuple[int, int]:
    """The replication factor and the in-sync minimum: 3 and 2, or 1 and 1 where there are too few nodes for that."""
    return (3, 2) if nodes >= 3 else (1, 1)


JOURNAL = Topic(
    name="infoparquet.procedures.v1",
    key="procedure id",
    partitions=24,
    config=MappingProxyType(_kept(None)),
    written_by=("intake", "numbering", "routing", "notify"),
    read_by=SERVICES,
)
DEAD_LETTERS = Topic(
    name="infoparquet.dead-letters.v1",
    key="original key",
    partitions=6,
    config=MappingProxyType(_kept(timedelta(days=90))),
    written_by=SERVICES,
    read_by=(OPERATOR,),
)


def relay_topic(service: str) -> Topic:
    """Small segments, compacted soon: a relay reads it whole before it publishes anything."""
    return Topic(
        name=f"infoparquet.{service}.relay.v1",
        key="service",
        partitions=1,
        config=MappingProxyType(
            {
                "cleanup.policy": "compact",
                "segment.bytes": str(_MAX_BATCH_BYTES),
                "segment.ms": str(timedelta(hours=1) // timedelta(milliseconds=1)),
                "min.cleanable.dirty.ratio": "0.01",
                "max.message.bytes": str(64 * 1024),
                "unclean.leader.election.enable": "false",
            }
        ),
        written_by=(service,),
        read_by=(service,),
    )


def tribunal_topic(code: str) -> Topic:
    return Topic(
        name=f"infoparquet.tribunal.{code}.v1",
        key="procedure id",
        partitions=1,
        config=MappingProxyType(_kept(None)),
        written_by=("routing",),
        read_by=(f"tribunal:{code}",),
    )


def replies_topic(code: str) -> Topic:
    return Topic(
        name=f"infoparquet.tribunal.{code}.replies.v1",
        key="procedure id",
        partitions=1,
        config=MappingProxyType(_kept(timedelta(days=400))),
        written_by=(f"tribunal:{code}",),
        read_by=("routing",),
    )


def common_topics(services: Iterable[str] = SERVICES) -> tuple[Topic, ...]:
    """What any service's `migrate` creates; a court's two topics are routing's."""
    return (JOURNAL, DEAD_LETTERS, *(relay_topic(service) for service in services))


def group_of(service: str) -> str:
    return f"infoparquet.{service}"


def tribunal_group(code: str, reader: str) -> str:
    """A court's consumer group: its access rights cover `tribunal.<code>.*`."""
    return f"tribunal.{code}.{reader}"


def transactional_id(service: str) -> str:
    return f"infoparquet.{service}.relay"
