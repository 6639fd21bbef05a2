"""The topics a service reads, and what it does with the events of each.

Which topic a record stands on decides who may have written it: an event type that is a fact on the journal is nothing
on a court's topic.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aiokafka import ConsumerRecord
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.versions import types_of

from chassis.errors import Unprocessable
from chassis.outbox import Outgoing
from chassis.transaction import Transaction

# Takes its facts of one wave, in order; answers with what is to be published. May be called again with half of them.
Handler = Callable[[Transaction, Sequence[Event[Any]]], Awaitable[Iterable[Outgoing]]]
Handlers = Mapping[type[Payload], Handler]
# What its writer is told of a record that cannot be taken.
Refusal = Callable[[Transaction, ConsumerRecord, Unprocessable], Iterable[Outgoing]]


@dataclass(frozen=True)
class Source:
    """One topic.

    With `refuse`, another organisation writes it: whatever has no handler is refused, and what cannot be taken holds
    nothing back. Without, it is the journal: other known types are others' business, and a fact that could not be
    applied holds back its procedure's later ones.
    """

    topic: str
    handlers: Handlers
    refuse: Refusal | None = None

    def handler(self, event_type: str | None) -> Handler | None:
        """Who takes events of that type."""
        return self._by_type.get(event_type or "")

    @property
    def parks(self) -> bool:
        """Whether a fact that could not be applied holds back its procedure's later ones."""
        return self.refuse is None

    @cached_property
    def _by_type(self) -> dict[str, Handler]:
        """A handler of the newest version takes the older ones too, which are read as it."""
        return {name: handler for model, handler in self.handlers.items() for name in types_of(model)}
