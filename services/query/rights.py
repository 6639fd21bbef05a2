"""Who may see which procedures. Pure.

An administration sees those it submitted; operators and services see all.

A court sees a procedure from its delivery on, and all of it while it is the court in force. One that declined keeps a
trace of what it had in hand: the procedure stays in its list as declined, and opens as it stood when it declined. What
became of it afterwards is the business of the court that has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from infoparquet_contracts.status import State

from chassis.errors import Refused
from chassis.identity import Caller
from services.query.timeline import Procedure, as_left_by


@dataclass(frozen=True, slots=True)
class Everything:
    """Sees every procedure."""


@dataclass(frozen=True, slots=True)
class OfAdministration:
    """Sees what that administration submitted."""

    code: str


@dataclass(frozen=True, slots=True)
class OfTribunal:
    """Sees what was delivered to that court."""

    code: str


Sight = Everything | OfAdministration | OfTribunal


class NoRole(Refused):
    """The token gives none of the roles of its kind of organisation."""


ROLES: Mapping[str, frozenset[str]] = {
    "administration": frozenset({"agent", "manager"}),
    "tribunal": frozenset({"clerk", "prosecutor"}),
    "operator": frozenset({"operator"}),
    "service": frozenset({"service"}),
}


def sight_of(caller: Caller) -> Sight:
    """What the caller may see. Raises NoRole."""
    if not caller.roles & ROLES[caller.kind]:
        raise NoRole(caller.kind)
    match caller.kind:
        case "administration":
            return OfAdministration(caller.code)
        case "tribunal":
            return OfTribunal(caller.code)
        case _:
            return Everything()


def as_seen(sight: Sight, procedure: Procedure) -> Procedure:
    """A procedure that the caller may see, as much of it as it may."""
    match sight:
        case OfTribunal(code) if not has_in_hand(code, procedure.state):
            return as_left_by(code, procedure)
        case _:
            return procedure


def has_in_hand(tribunal: str, state: State) -> bool:
    """Whether it is the court in force and has had its delivery."""
    return state.tribunal == tribunal and state.delivery is not None
