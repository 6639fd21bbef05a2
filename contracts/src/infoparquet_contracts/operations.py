"""What operators and relays read: a dead letter's whereabouts, never its bytes; the number of a relay's last batch."""

from typing import ClassVar
from uuid import UUID, uuid5

from .codes import DeadLetterCode
from .identifiers import BatchNumber, JsonPointer, Offset, Partition, ServiceName, Sha256, TopicName
from .payload import Frozen, Payload

_POSITIONS = UUID("6f1c0f6e-3c0e-5d5b-9d35-5b0f2f1a7c11")


class DeadLetter(Payload):
    """A record that a service could not handle, or a row that the broker refused (no partition and offset then)."""

    event_type: ClassVar[str] = "fr.justice.infoparquet.dead-letter.v1"
    fact: ClassVar[str] = "dead-letter"

    service: ServiceName
    topic: TopicName
    partition: Partition | None
    offset: Offset | None
    digest: Sha256
    code: DeadLetterCode
    pointer: JsonPointer


class RelayBatch(Frozen):
    """The value of a record on a relay's compacted topic, whose key is the service; no envelope around it."""

    batch: BatchNumber


def position_subject(topic: str, partition: int, offset: int) -> UUID:
    """The subject of a dead letter whose original key is no procedure id: such a key may hold anything."""
    return uuid5(_POSITIONS, f"{topic}/{partition}/{offset}")
