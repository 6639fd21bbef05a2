"""Which documents a procedure or a supplement may carry: its administration's own, whole, once. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from infoparquet_contracts import parts

from chassis.problems import FieldError
from services.intake.checking import Remark


@dataclass(frozen=True, slots=True)
class Held:
    """A document of the administration; `document` is None until it is whole, `infected` the name of what it holds.

    `unlike` says what it is instead of what was declared, None where it is that.
    """

    document: parts.Document | None
    attached: bool
    infected: str | None = None
    unlike: Remark | None = None


def ids_in(sent: Sequence[str]) -> list[UUID]:
    """Those that can be ids."""
    return [one for one in map(_id, sent) if one is not None]


def faults(sent: Sequence[str], held: Mapping[UUID, Held]) -> Iterator[FieldError]:
    """What is wrong with the documents that a body names."""
    seen = set()
    for index, written in enumerate(sent):
        one = _id(written)
        fault = _fault(_held(one, held))
        if one in seen:
            fault = "Cette pièce est déjà citée plus haut."
        seen.add(one)
        if fault is not None:
            yield FieldError(f"/documents/{index}", fault)


def carried(sent: Sequence[str], held: Mapping[UUID, Held]) -> tuple[parts.Document, ...]:
    """As a fact carries them, in the order of the body; only of those without fault."""
    found = (held[one].document for one in ids_in(sent))
    return tuple(one for one in found if one is not None)


def remarks(sent: Sequence[str], held: Mapping[UUID, Held]) -> Iterator[Remark]:
    """What the sender should know of the documents that a body names, where they stand in it."""
    for index, written in enumerate(sent):
        found = _held(_id(written), held)
        if found is not None and found.unlike is not None:
            yield replace(found.unlike, pointer=f"/documents/{index}")


def _held(one: UUID | None, held: Mapping[UUID, Held]) -> Held | None:
    return None if one is None else held.get(one)


def _fault(held: Held | None) -> str | None:
    if held is None:
        return "Votre administration n’a déposé aucune pièce de cet identifiant."
    if held.document is None:
        return "Cette pièce n’est pas entièrement reçue : terminez d’abord son envoi."
    if held.attached:
        return "Cette pièce est déjà jointe à une procédure ; déposez-la de nouveau pour la joindre à une autre."
    if held.infected is not None:
        return f"L’analyse antivirus a trouvé un programme malveillant dans cette pièce ({held.infected})."
    return None


def _id(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None
