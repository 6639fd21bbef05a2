"""Timelines of procedures: each event once and for ever, in the journal's order, and the state they add up to. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from infoparquet_contracts.codes import Kind
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Declined, Submitted
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.status import Ineffective, State, fold


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact in a timeline; `why_not` says why it had no effect, None where it had one."""

    event: Event[Payload]
    why_not: Ineffective | None


@dataclass(frozen=True, slots=True)
class Procedure:
    """A procedure with all that was said of it, in order, and what that adds up to."""

    id: UUID
    administration: str
    service: str | None
    reference: str
    kind: Kind
    submitted_at: datetime
    state: State
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Told:
    """A procedure at the moment of a fact: the court that had it in hand, or let go of it by that fact; its number."""

    tribunal: str | None
    number: str | None


@dataclass(frozen=True, slots=True)
class Growth:
    """What new facts bring: entries in order, the submissions that begin a procedure, the states that are new.

    `told` is of each fact, by its id and in order, whose procedure is known by then.
    """

    entries: tuple[Entry, ...]
    begun: Mapping[UUID, Submitted]
    states: Mapping[UUID, State]
    told: Mapping[UUID, Told]


def grow(states: Mapping[UUID, State], known: Collection[UUID], events: Iterable[Event[Payload]]) -> Growth:
    """Continue from `states` with those of the events whose ids are not `known`."""
    current = dict(states)
    entries: dict[UUID, Entry] = {}
    told: dict[UUID, Told] = {}
    begun: dict[UUID, Submitted] = {}
    for event in events:
        if event.id in known or event.id in entries:
            continue
        before = current.get(event.subject)
        step = fold(before, event)
        entries[event.id] = Entry(event, step.why_not)
        if step.state is None:
            continue
        told[event.id] = Told(_holder(step.state) or _holder(before), step.state.number)
        if event.subject not in current and isinstance(event.data, Submitted):
            begun[event.subject] = event.data
        current[event.subject] = step.state
    changed = {one: state for one, state in current.items() if state is not states.get(one)}
    return Growth(tuple(entries.values()), begun, changed, told)


def _holder(state: State | None) -> str | None:
    """The court in force, once it has had its delivery."""
    return None if state is None or state.delivery is None else state.tribunal


def as_left_by(tribunal: str, procedure: Procedure) -> Procedure:
    """The procedure as it stood when that court last declined it; as it stands where the court never did."""
    declines = [place for place, entry in enumerate(procedure.entries) if _declined(entry, tribunal)]
    if not declines:
        return procedure
    entries = procedure.entries[: declines[-1] + 1]
    state: State | None = None
    for entry in entries:
        state = fold(state, entry.event).state
    return procedure if state is None else replace(procedure, state=state, entries=entries)


def _declined(entry: Entry, tribunal: str) -> bool:
    data = entry.event.data
    return entry.why_not is None and isinstance(data, Declined) and data.tribunal == tribunal
