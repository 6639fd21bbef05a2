"""A procedure as it is known again after a restore, from what the journal holds: pure.

What the journal holds and was forgotten is put behind what was read, as if it had just been said; when the journal is
read again, it comes to the same. What was said to courts has the same id for ever.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from infoparquet_contracts import facts
from infoparquet_contracts.codes import RecallReason, Status
from infoparquet_contracts.court import Recall
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.status import fold

from services.routing.progress import (
    Handed,
    Message,
    Outcome,
    Procedure,
    Speaker,
    ToCourt,
    decide_on_another,
    hand_over,
    told_with,
)


def begin_again(event: Event[facts.Submitted]) -> Procedure:
    """One that was submitted after the backup, nothing decided."""
    state = fold(None, event).state
    assert state is not None  # noqa: S101 - `submitted` always begins
    return Procedure(event.subject, event.data, state)


def recall(procedure: Procedure, event: Event[Any]) -> Procedure:
    """The next fact that stands in the journal, as far as what follows from it was done when it was said."""
    if any(one.id == event.id for one in procedure.said):
        return procedure
    known = replace(procedure, said=(*procedure.said, event))
    match event.data:
        case facts.Routed():
            return replace(known, decision=event.data, undecided=None)
        case facts.Unroutable():
            return replace(known, decision=None, undecided=event.data)
        case facts.Delivered(delivery=delivery, tribunal=tribunal):
            return _handed(known, Handed(delivery, tribunal))
        case facts.Declined():
            return replace(known, handed=None)
        case _:
            return known


def _handed(procedure: Procedure, handed: Handed) -> Procedure:
    # The backup may know of the handover, and that it was taken back, before its receipt.
    if procedure.handed == handed or procedure.state.status is Status.WITHDRAWN:
        return procedure
    return replace(procedure, handed=handed, courts=(*procedure.courts, handed.tribunal))


def resume(procedure: Procedure, speaker: Speaker) -> Outcome:
    """What is due now that all of it is known, and may have died unsaid with the database."""
    declined = [one.data for one in procedure.said if isinstance(one.data, facts.Declined)]
    recalls = tuple(_taken_back(procedure.id, one.tribunal, one.delivery) for one in declined)
    delivered = {one.data.delivery for one in procedure.said if isinstance(one.data, facts.Delivered)}
    told: tuple[Message, ...] = ()
    if procedure.handed is not None and procedure.handed.delivery in delivered:
        told = told_with(procedure, procedure.handed)
    if procedure.standing.status is Status.DECLINED:
        resumed, more = decide_on_another(procedure, declined[-1].competent if declined else (), speaker)
    else:
        resumed, more = hand_over(procedure, speaker)
    return resumed, (*recalls, *told, *more)


def _taken_back(procedure: UUID, tribunal: str, delivery: UUID) -> ToCourt:
    data = Recall(procedure=procedure, delivery=delivery, reason=RecallReason.DECLINED)
    return ToCourt(tribunal, uuid5(delivery, "recall"), data)
