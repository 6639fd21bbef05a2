"""One procedure between the journal, routing's steps and the courts' topics; nothing moves unless the test moves it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from infoparquet_contracts import facts
from infoparquet_contracts.codes import DeclineReason, MissingItem, Orientation, WithdrawalReason
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.identifiers import receipt_id
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.status import State, fold

from reference import default_url, load
from services.routing import courts
from services.routing.decision import Deciding
from services.routing.progress import (
    Deliver,
    Message,
    Outcome,
    Procedure,
    Refused,
    Speaker,
    ToCourt,
    Waits,
    answer,
    assign,
    begin,
    hear,
)
from tests.builders import NOON, an_event
from tests.services.routing.facts import numbered, submitted

BORDEAUX, PARIS, LYON = "tj33063", "tj75056", "tj69123"
SAID: dict[str, tuple[type[facts.Replied], dict[str, Any]]] = {
    "acknowledged": (facts.Acknowledged, {}),
    "registered": (facts.Registered, {"parquet_number": "26327000045"}),
    "supplement-requested": (facts.SupplementRequested, {"missing": (MissingItem.PHOTOGRAPHS,)}),
    "declined": (facts.Declined, {"reason": DeclineReason.OTHER_TERRITORY, "competent": ()}),
    "assigned": (facts.Assigned, {"section": "ECO2"}),
    "decided": (facts.Decided, {"orientation": Orientation.INVESTIGATION, "ground": None}),
    "closed": (facts.Closed, {}),
}


@cache
def deciding() -> Deciding:
    """The rules as they are, read once."""
    reference = load(default_url())
    return Deciding(reference.law, courts.names(reference.courts))


def ids() -> Iterator[UUID]:
    """Ids one after the other."""
    last = 0
    while True:
        last += 1
        yield UUID(int=last)


@dataclass
class World:
    """`journal` and `courts` are the topics; `outbox` is what routing said and the relay has not yet published."""

    journal: list[Event[Any]] = field(default_factory=list)
    outbox: list[Message] = field(default_factory=list)
    courts: dict[str, list[ToCourt | Deliver]] = field(default_factory=lambda: defaultdict(list))
    waiting: list[tuple[str, facts.Replied]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    deliveries: list[Deliver] = field(default_factory=list)
    read: int = 1
    commune: str | None = "33063"

    def __post_init__(self) -> None:
        self._ids = ids()
        first = submitted(commune=self.commune)
        self.subject = first.subject
        self.journal.append(first)
        self.procedure: Procedure
        self._take(begin(first, self.speaker))

    @property
    def speaker(self) -> Speaker:
        """Routing's voice."""
        return Speaker(deciding().decide, self._fact, lambda: next(self._ids))

    def say(self, data: Payload) -> Event[Any]:
        """Another service's fact, in its place on the journal."""
        event = an_event(data, subject=self.subject, id=next(self._ids))
        self.journal.append(event)
        return event

    def number(self) -> None:
        """Numbering's fact."""
        self.journal.append(numbered(self.subject))

    def supplement(self) -> UUID:
        """Intake's fact; returns its id."""
        return self.say(facts.Supplemented(supplement=next(self._ids), documents=(), words=None)).id

    def withdraw(self) -> None:
        """Intake's fact."""
        self.say(facts.Withdrawn(reason=WithdrawalReason.DUPLICATE))

    def reply(self, court: str, said: str, delivery: UUID | None = None, *competent: str) -> Refused | Waits | Outcome:
        """A court answers the delivery given, or the one last made."""
        kind, more = SAID[said]
        more = more | {"competent": competent} if competent else more
        one = delivery or (self.deliveries[-1].id if self.deliveries else UUID(int=0))
        return self._answer(court, kind(tribunal=court, delivery=one, at=NOON, reply=next(self._ids), **more))

    def assign(self, court: str) -> None:
        """An operator decides."""
        self._take(assign(self.procedure, deciding().assigned(self.procedure.submitted, court), self.speaker))

    def publish(self) -> None:
        """The relay takes the next message, if there is one."""
        if not self.outbox:
            return
        match self.outbox.pop(0):
            case Deliver(court, one) as delivery:
                self.courts[court].append(delivery)
                topic = f"infoparquet.tribunal.{court}.v1"
                told = facts.Delivered(tribunal=court, delivery=one, topic=topic, partition=0, offset=7, at=NOON)
                self.journal.append(an_event(told, subject=self.subject, id=receipt_id(one)))
            case ToCourt() as message:
                self.courts[message.tribunal].append(message)
            case Event() as event:
                self.journal.append(event)

    def follow(self) -> None:
        """Routing reads the next fact, if there is one."""
        if self.read == len(self.journal):
            return
        event = self.journal[self.read]
        self.read += 1
        self._take(hear(self.procedure, event, self.speaker))
        if isinstance(event.data, facts.Delivered | facts.Withdrawn):
            held, self.waiting = self.waiting, []
            for court, fact in held:
                self._answer(court, fact)

    def settle(self) -> None:
        """Everything is published and read."""
        while self.outbox or self.read < len(self.journal):
            self.publish()
            self.follow()

    def state(self) -> State:
        """What any reader makes of the journal."""
        state = None
        for event in self.journal:
            state = fold(state, event).state
        assert state is not None
        return state

    def told(self, court: str) -> list[str]:
        """What a court reads, by kind."""
        return [_kind(message) for message in self.courts[court]]

    def _answer(self, court: str, fact: facts.Replied) -> Refused | Waits | Outcome:
        result = answer(self.procedure, court, fact, self.speaker)
        match result:
            case Refused(code):
                self.refused.append(code)
            case Waits():
                self.waiting.append((court, fact))
            case outcome:
                self._take(outcome)
        return result

    def _take(self, outcome: Outcome) -> None:
        self.procedure, messages = outcome
        self.outbox += messages
        self.deliveries += [one for one in messages if isinstance(one, Deliver)]

    def _fact(self, data: Payload) -> Event[Any]:
        return an_event(data, subject=self.subject, source="/services/routing", id=next(self._ids))


def _kind(message: ToCourt | Deliver) -> str:
    if isinstance(message, Deliver):
        return "delivery"
    reason = getattr(message.data, "reason", None) if message.data.fact == "recall" else None
    return message.data.fact + (f" {reason}" if reason else "")
