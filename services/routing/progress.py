"""How a procedure goes on between the journal and the courts: pure, one visible step for each thing that happens.

What counts is the fold over the journal's own order. Routing's facts are in it once the journal has brought them
back; until then they are kept in `said`, on top of what was read, so that a withdrawal that crosses them is judged as
every other reader will judge it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from infoparquet_contracts import facts
from infoparquet_contracts.codes import RecallReason, ReplyRefusal, Status, WithdrawalReason
from infoparquet_contracts.court import Recall, Supplement, Withdrawal
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Documents, Routed, Submitted, Unroutable
from infoparquet_contracts.parts import Candidate, GroundedCandidate
from infoparquet_contracts.payload import OfProcedure, Payload
from infoparquet_contracts.status import State, fold


@dataclass(frozen=True, slots=True)
class Handed:
    """The delivery that was given to a court's topic and not recalled since."""

    delivery: UUID
    tribunal: str


@dataclass(frozen=True, slots=True)
class Added:
    """What the administration said since, under the id of the fact: a supplement, or with a `reason` the withdrawal."""

    fact: UUID
    documents: Documents = ()
    reason: WithdrawalReason | None = None


@dataclass(frozen=True, slots=True)
class Procedure:
    """A procedure in routing's hands. `state` is as far as the journal was read; `decision` the last court decided.

    `said` is what stands behind that: what the journal has yet to bring back, or, after a restore, was found to hold.
    """

    id: UUID
    submitted: Submitted
    state: State
    said: tuple[Event[Any], ...] = ()
    decision: Routed | None = None
    undecided: Unroutable | None = None
    handed: Handed | None = None
    # Every court that was ever handed it, the first first.
    courts: tuple[str, ...] = ()
    added: tuple[Added, ...] = ()

    @property
    def urgent(self) -> bool:
        """Whether it was submitted as urgent: that never changes."""
        return self.submitted.urgency is not None

    @property
    def standing(self) -> State:
        """The state with what routing has said on top."""
        state = self.state
        for event in self.said:
            state = fold(state, event).state or state
        return state

    @property
    def awaits_receipt(self) -> bool:
        """Whether the journal has yet to say that the delivery was handed over."""
        return self.handed is not None and self.state.delivery != self.handed.delivery


@dataclass(frozen=True, slots=True)
class ToCourt:
    """A message for a court's topic; `id` is its `ce_id`, the same however often it is said."""

    tribunal: str
    id: UUID
    data: OfProcedure


@dataclass(frozen=True, slots=True)
class Deliver:
    """The procedure is to be handed to that court, as the delivery `id`."""

    tribunal: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Inform:
    """A specialised court is to be told of what another was handed, by the message `id`."""

    addressed: Candidate
    id: UUID


Message = Event[Any] | ToCourt | Deliver | Inform
Outcome = tuple[Procedure, tuple[Message, ...]]


@dataclass(frozen=True, slots=True)
class Refused:
    """A reply that cannot be a fact."""

    code: ReplyRefusal


@dataclass(frozen=True, slots=True)
class Waits:
    """A reply that came before the journal brought back the receipt of its delivery."""


# Decides on a court: for the submission, the courts that declined, and those that the last of them named.
Decide = Callable[[Submitted, tuple[str, ...], tuple[str, ...]], Routed | Unroutable]


@dataclass(frozen=True, slots=True)
class Speaker:
    """What a step needs from outside: the rules, how a fact of this procedure is made, and new ids."""

    decide: Decide
    fact: Callable[[Payload], Event[Any]]
    new_id: Callable[[], UUID]


def begin(event: Event[Submitted], speaker: Speaker) -> Outcome:
    """A procedure that was just submitted: its court is decided."""
    state = fold(None, event).state
    assert state is not None  # noqa: S101 - `submitted` always begins
    return decide_on_another(Procedure(event.subject, event.data, state), (), speaker)


def hear(procedure: Procedure, event: Event[Any], speaker: Speaker) -> Outcome:
    """The next fact of the journal, each once."""
    step = fold(procedure.state, event)
    said = tuple(one for one in procedure.said if one.id != event.id)
    heard = replace(procedure, state=step.state or procedure.state, said=said)
    if not step.applied:
        return heard, ()
    match event.data:
        case facts.Withdrawn(reason=reason):
            return _add(heard, Added(event.id, reason=reason))
        case facts.Supplemented(documents=documents):
            return _add(heard, Added(event.id, documents))
        case facts.Numbered():
            return hand_over(heard, speaker)
        case _:
            return heard, ()


def answer(procedure: Procedure, tribunal: str, fact: facts.Replied, speaker: Speaker) -> Outcome | Refused | Waits:
    """A court's reply, as the fact it would be."""
    if tribunal not in procedure.courts:
        return Refused(ReplyRefusal.OTHER_TRIBUNAL)
    handed = procedure.handed
    if handed is None or handed.tribunal != tribunal or handed.delivery != fact.delivery:
        return Refused(ReplyRefusal.OTHER_DELIVERY)
    if procedure.awaits_receipt:
        return Waits()
    event = speaker.fact(fact)
    if not fold(procedure.standing, event).applied:
        return Refused(ReplyRefusal.OUT_OF_TURN)
    answered = replace(procedure, said=(*procedure.said, event))
    if not isinstance(fact, facts.Declined):
        return answered, (event,)
    ended, recall = _recall(answered, handed, RecallReason.DECLINED)
    again, messages = decide_on_another(ended, fact.competent, speaker)
    return again, (event, recall, *messages)


def assign(procedure: Procedure, decision: Routed, speaker: Speaker) -> Outcome:
    """An operator's decision on a procedure that waits for one: see `waits_for_operator`."""
    return _say_decision(procedure, decision, speaker)


def decide_again(procedure: Procedure, speaker: Speaker) -> Outcome:
    """One that waits for an operator, once data or rules were corrected; while no rule decides, nothing is said."""
    decision = speaker.decide(procedure.submitted, procedure.standing.declined_by, ())
    if isinstance(decision, Unroutable):
        return procedure, ()
    return _say_decision(procedure, decision, speaker)


def waits_for_operator(procedure: Procedure) -> bool:
    """Whether no rule decided, or two courts declined."""
    return procedure.standing.status is Status.UNROUTABLE


def decide_on_another(procedure: Procedure, named: tuple[str, ...], speaker: Speaker) -> Outcome:
    """The court that the rules lead to, none that declined before; `named` are those that the last one named."""
    decision = speaker.decide(procedure.submitted, procedure.standing.declined_by, named)
    return _say_decision(procedure, decision, speaker)


def _say_decision(procedure: Procedure, decision: Routed | Unroutable, speaker: Speaker) -> Outcome:
    event = speaker.fact(decision)
    routed = decision if isinstance(decision, Routed) else None
    undecided = decision if isinstance(decision, Unroutable) else None
    decided = replace(procedure, said=(*procedure.said, event), decision=routed, undecided=undecided)
    delivered, messages = hand_over(decided, speaker)
    return delivered, (event, *messages)


def hand_over(procedure: Procedure, speaker: Speaker) -> Outcome:
    """Once it has its number and its court; what was said since goes after it, in the journal's order."""
    standing = procedure.standing
    if standing.status is not Status.ROUTED or standing.number is None or procedure.handed is not None:
        return procedure, ()
    assert procedure.decision is not None  # noqa: S101 - it is routed
    handed = Handed(speaker.new_id(), procedure.decision.tribunal)
    given = replace(procedure, handed=handed, courts=(*procedure.courts, handed.tribunal))
    return given, (Deliver(handed.tribunal, handed.delivery), *told_with(given, handed))


def told_with(procedure: Procedure, handed: Handed) -> tuple[Message, ...]:
    """What is said just after a delivery: what was added before it, and to those that are only told."""
    later = [_told(procedure, handed, added) for added in procedure.added]
    # Once: to whom it goes after a refusal changes nothing for those that are only told.
    decision = procedure.decision if len(procedure.courts) == 1 else None
    return (*later, *(() if decision is None else _informed(decision, handed)))


def _informed(decision: Routed, handed: Handed) -> tuple[Inform, ...]:
    """The candidates that are told; the court that has it needs no telling."""
    others = [one for one in decision.candidates if one.informed and one.tribunal != decision.tribunal]
    return tuple(
        Inform(_addressed(one), uuid5(handed.delivery, f"notice {one.tribunal} {one.formation}")) for one in others
    )


def _addressed(one: GroundedCandidate) -> Candidate:
    return Candidate(tribunal=one.tribunal, formation=one.formation, rule=one.rule)


def _add(procedure: Procedure, added: Added) -> Outcome:
    """A withdrawal is final before the receipt stands in the journal, and takes the delivery back; later, a mark."""
    more, handed = replace(procedure, added=(*procedure.added, added)), procedure.handed
    if handed is None:
        return more, ()
    if more.state.status is Status.WITHDRAWN:
        ended, recall = _recall(more, handed, RecallReason.WITHDRAWN)
        return ended, (recall,)
    return more, (_told(more, handed, added),)


def _recall(procedure: Procedure, handed: Handed, reason: RecallReason) -> tuple[Procedure, ToCourt]:
    data = Recall(procedure=procedure.id, delivery=handed.delivery, reason=reason)
    return replace(procedure, handed=None), ToCourt(handed.tribunal, uuid5(handed.delivery, "recall"), data)


def _told(procedure: Procedure, handed: Handed, added: Added) -> ToCourt:
    data: OfProcedure
    if added.reason is None:
        data = Supplement(procedure=procedure.id, delivery=handed.delivery, documents=added.documents)
    else:
        data = Withdrawal(procedure=procedure.id, delivery=handed.delivery, reason=added.reason)
    return ToCourt(handed.tribunal, uuid5(handed.delivery, str(added.fact)), data)
