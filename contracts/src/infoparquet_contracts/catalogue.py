"""Every event type with the topic it stands on and who says it: what the published documents are made from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from . import facts, operations
from .payload import Payload
from .registry import COURT_MESSAGES, FACTS, MODELS, REPLIES
from .topics import DEAD_LETTERS, JOURNAL, Topic, replies_topic, tribunal_topic
from .versions import STEPS, types_of, version_of

Stream = Literal["journal", "court", "replies", "dead-letters"]

# A court's code in the names of topics, writers and readers, where every court is meant.
EVERY_COURT = "{code}"
# The one declaration of each stream's topic; a court's stands for those of all courts.
TOPICS: Mapping[Stream, Topic] = MappingProxyType(
    {
        "journal": JOURNAL,
        "court": tribunal_topic(EVERY_COURT),
        "replies": replies_topic(EVERY_COURT),
        "dead-letters": DEAD_LETTERS,
    }
)

# Routing says all other facts, for itself and for the courts.
_SPEAKERS: Mapping[str, str] = {
    facts.Submitted.fact: "intake",
    facts.Supplemented.fact: "intake",
    facts.Withdrawn.fact: "intake",
    facts.DocumentInfected.fact: "intake",
    facts.Numbered.fact: "numbering",
    facts.Notified.fact: "notify",
    facts.NotificationFailed.fact: "notify",
    facts.Overdue.fact: "notify",
}


@dataclass(frozen=True, slots=True)
class Contract:
    """One type at one version. `said_by` are services by their names, or the court as in the topic's declaration.

    `until`: when a version that has a newer one is no longer published beside it; it is read for ever.
    """

    model: type[Payload]
    stream: Stream
    said_by: tuple[str, ...]
    until: datetime | None = None

    @property
    def topic(self) -> Topic:
        return TOPICS[self.stream]

    @property
    def version(self) -> int:
        return version_of(self.model.event_type)


def _versions(newest: type[Payload]) -> Iterator[type[Payload]]:
    return (MODELS[name] for name in types_of(newest))


_UNTIL = {step.older: step.until for step in STEPS}


def _speakers(stream: Stream, model: type[Payload]) -> tuple[str, ...]:
    return (_SPEAKERS.get(model.fact, "routing"),) if stream == "journal" else TOPICS[stream].written_by


_STREAMS: tuple[tuple[Stream, tuple[type[Payload], ...]], ...] = (
    ("journal", FACTS),
    ("court", COURT_MESSAGES),
    ("replies", REPLIES),
    ("dead-letters", (operations.DeadLetter,)),
)

CONTRACTS: tuple[Contract, ...] = tuple(
    Contract(model, stream, _speakers(stream, model), _UNTIL.get(model))
    for stream, newest in _STREAMS
    for one in newest
    for model in _versions(one)
)
