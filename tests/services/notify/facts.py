"""What notify reads, in one line each: a procedure's road through the court of Bordeaux."""

from typing import Any
from uuid import UUID

from infoparquet_contracts import facts
from infoparquet_contracts.codes import DismissalGround, MissingItem, Orientation
from infoparquet_contracts.envelope import Event

from tests.builders import an_event
from tests.contracts import builders as contracts

NUMBER = "2026-00000042-26"


def of(procedure: UUID, data: Any, **more: Any) -> Event[Any]:
    """That fact about that procedure."""
    speakers: dict[type, str] = {
        facts.Numbered: "numbering",
        facts.Withdrawn: "intake",
        facts.DocumentInfected: "intake",
    }
    source = f"/services/{speakers.get(type(data), 'routing')}"
    return an_event(data, subject=procedure, source=source, **more)


def numbered(procedure: UUID) -> Event[Any]:
    return of(procedure, contracts.numbered(NUMBER))


def handed_over(procedure: UUID) -> list[Event[Any]]:
    """Numbered, routed, delivered."""
    return [numbered(procedure), of(procedure, contracts.routed()), of(procedure, contracts.delivered())]


def acknowledged(procedure: UUID) -> Event[Any]:
    return of(procedure, contracts.acknowledged())


def supplement_requested(procedure: UUID) -> Event[Any]:
    asked = contracts.supplement_requested().model_copy(
        update={"missing": (MissingItem.PHOTOGRAPHS, MissingItem.SIGNATURE)}
    )
    return of(procedure, asked)


def infected(procedure: UUID, supplement: UUID | None = None) -> Event[Any]:
    return of(procedure, contracts.document_infected(supplement))


def registered(procedure: UUID) -> Event[Any]:
    return of(procedure, contracts.registered())


def dismissed(procedure: UUID) -> Event[Any]:
    update = {"orientation": Orientation.DISMISSAL, "ground": DismissalGround.INSUFFICIENT_EVIDENCE}
    return of(procedure, contracts.decided().model_copy(update=update))
