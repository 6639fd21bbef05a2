"""What the facts of one procedure add up to: one total, pure fold over the journal's order, used by every service.

A fact that is illegal in its state leaves the state as it is, and the step says why; no sequence raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from . import facts
from .codes import Formation, Status
from .envelope import Event
from .parts import Urgency
from .payload import Payload

_FOLLOWERS = {
    Status.SUBMITTED: {Status.NUMBERED, Status.ROUTED, Status.UNROUTABLE, Status.WITHDRAWN},
    Status.NUMBERED: {Status.ROUTED, Status.UNROUTABLE, Status.WITHDRAWN},
    Status.ROUTED: {Status.DELIVERED, Status.WITHDRAWN},
    Status.UNROUTABLE: {Status.ROUTED, Status.WITHDRAWN},
    Status.DELIVERED: {Status.ACKNOWLEDGED, Status.REGISTERED, Status.DECLINED, Status.SUPPLEMENT_REQUESTED},
    Status.ACKNOWLEDGED: {Status.REGISTERED, Status.DECLINED, Status.SUPPLEMENT_REQUESTED},
    Status.SUPPLEMENT_REQUESTED: {
        Status.ACKNOWLEDGED,
        Status.REGISTERED,
        Status.DECLINED,
        Status.SUPPLEMENT_REQUESTED,
    },
    Status.REGISTERED: {Status.ASSIGNED, Status.DECIDED, Status.CLOSED, Status.SUPPLEMENT_REQUESTED},
    Status.ASSIGNED: {Status.ASSIGNED, Status.DECIDED, Status.SUPPLEMENT_REQUESTED},
    Status.DECIDED: {Status.DECIDED, Status.CLOSED},
    Status.DECLINED: {Status.ROUTED, Status.UNROUTABLE},
    Status.CLOSED: set(),
    Status.WITHDRAWN: set(),
}
# The published table: which status may follow which.
FOLLOWERS: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {status: frozenset(followers) for status, followers in _FOLLOWERS.items()}
)


class Ineffective(StrEnum):
    """Why a fact had no effect."""

    NOT_SUBMITTED = "not-submitted"
    ALREADY_SAID = "already-said"
    WITHDRAWN = "withdrawn"
    OTHER_TRIBUNAL = "other-tribunal"
    OTHER_DELIVERY = "other-delivery"
    OUT_OF_TURN = "out-of-turn"
    NOT_URGENT = "not-urgent"
    NOT_A_FACT = "not-a-fact"


@dataclass(frozen=True, slots=True)
class State:
    """Where a procedure stands.

    `tribunal`, `formation` and `delivery` are those in force: none after `declined`, until it is routed anew.
    `times` holds when each status was last reached (the events' times), and `numbered` whenever the number came.
    `overdue` says that the delivery in force was not acknowledged in time.
    """

    status: Status
    number: str | None = None
    tribunal: str | None = None
    formation: Formation | None = None
    delivery: UUID | None = None
    urgency: Urgency | None = None
    withdrawal_requested: bool = False
    overdue: bool = False
    declined_by: tuple[str, ...] = ()
    times: Mapping[Status, datetime] = field(default_factory=dict)

    @property
    def urgent(self) -> bool:
        return self.urgency is not None


@dataclass(frozen=True, slots=True)
class Step:
    """What a fact made of a state; `why_not` says why it made nothing of it. No state: nothing submitted yet."""

    state: State | None
    why_not: Ineffective | None = None

    @property
    def applied(self) -> bool:
        return self.why_not is None


def fold(state: State | None, event: Event[Payload]) -> Step:
    """The state after `event`, for any state and any event of that procedure."""
    outcome = _begin(event) if state is None else _apply(state, event)
    return Step(outcome) if isinstance(outcome, State) else Step(state, outcome)


def _begin(event: Event[Payload]) -> State | Ineffective:
    # Intake's outbox says `submitted` first, so a fact before it was forged or its procedure's beginning is lost.
    if not isinstance(event.data, facts.Submitted):
        return Ineffective.NOT_SUBMITTED
    return State(Status.SUBMITTED, urgency=event.data.urgency, times={Status.SUBMITTED: event.time})


def _apply(state: State, event: Event[Payload]) -> State | Ineffective:
    match event.data:
        case facts.Submitted():
            return Ineffective.ALREADY_SAID
        case facts.Numbered() as fact:
            return _number(state, fact, event.time)
        case facts.Notified() | facts.NotificationFailed() | facts.DocumentInfected():
            return state
        case _ if state.status is Status.WITHDRAWN:
            return Ineffective.WITHDRAWN
        case _:
            return _advance(state, event)


def _advance(state: State, event: Event[Payload]) -> State | Ineffective:
    match event.data:
        case facts.Supplemented():
            return state
        case facts.Withdrawn():
            return _withdraw(state, event.time)
        case facts.Routed() as fact:
            return _route(state, fact, event.time)
        case facts.Unroutable():
            return _reach(state, Status.UNROUTABLE, event.time)
        case facts.Delivered() as fact:
            return _deliver(state, fact, event.time)
        case facts.Replied() as fact:
            return _reply(state, fact, event.time)
        case facts.Overdue() as fact:
            return _overdue(state, fact)
        case _:
            return Ineffective.NOT_A_FACT


def _reach(state: State, status: Status, time: datetime) -> State | Ineffective:
    if status not in FOLLOWERS[state.status]:
        return Ineffective.OUT_OF_TURN
    return replace(state, status=status, times={**state.times, status: time})


def _number(state: State, fact: facts.Numbered, time: datetime) -> State | Ineffective:
    """A number is its procedure's for ever, so one that comes late, even after a withdrawal, is still set."""
    if state.number is not None:
        return Ineffective.ALREADY_SAID
    status = Status.NUMBERED if state.status is Status.SUBMITTED else state.status
    return replace(state, status=status, number=fact.number, times={**state.times, Status.NUMBERED: time})


def _withdraw(state: State, time: datetime) -> State | Ineffective:
    """Final before the delivery; after it a mark, which does not bind the prosecutor."""
    if state.withdrawal_requested:
        return Ineffective.ALREADY_SAID
    reached = _reach(state, Status.WITHDRAWN, time)
    if isinstance(reached, Ineffective):
        return replace(state, withdrawal_requested=True)
    return replace(reached, tribunal=None, formation=None)


def _route(state: State, fact: facts.Routed, time: datetime) -> State | Ineffective:
    reached = _reach(state, Status.ROUTED, time)
    if isinstance(reached, Ineffective):
        return reached
    return replace(reached, tribunal=fact.tribunal, formation=fact.formation)


def _deliver(state: State, fact: facts.Delivered, time: datetime) -> State | Ineffective:
    reached = _reach(state, Status.DELIVERED, time)
    if isinstance(reached, Ineffective):
        return reached
    if fact.tribunal != state.tribunal:
        return Ineffective.OTHER_TRIBUNAL
    return replace(reached, delivery=fact.delivery, overdue=False)


def _reply(state: State, fact: facts.Replied, time: datetime) -> State | Ineffective:
    other = _not_in_force(state, fact.tribunal, fact.delivery)
    if other is not None:
        return other
    reached = _reach(state, Status(fact.fact), time)
    if isinstance(reached, Ineffective) or not isinstance(fact, facts.Declined):
        return reached
    declined_by = (*state.declined_by, fact.tribunal)
    return replace(reached, tribunal=None, formation=None, delivery=None, declined_by=declined_by)


def _overdue(state: State, fact: facts.Overdue) -> State | Ineffective:
    other = _not_in_force(state, fact.tribunal, fact.delivery)
    if other is not None:
        return other
    if state.status is not Status.DELIVERED:
        return Ineffective.OUT_OF_TURN
    return replace(state, overdue=True) if state.urgent else Ineffective.NOT_URGENT


def _not_in_force(state: State, tribunal: str, delivery: UUID) -> Ineffective | None:
    if tribunal != state.tribunal:
        return Ineffective.OTHER_TRIBUNAL
    return None if delivery == state.delivery else Ineffective.OTHER_DELIVERY
