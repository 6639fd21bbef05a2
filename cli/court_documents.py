"""Which documents of a procedure its court is to have, under which names, and which the topic vouches for. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Final
from uuid import UUID

from infoparquet_contracts.court import Delivery, Notice, Recall, Supplement, Withdrawal
from infoparquet_contracts.parts import Document

from cli.court_records import Message
from cli.download import Outcome, State
from cli.file_names import numbered_name

FOLDER: Final = "documents"
_NOT_DELIVERED: Final = Outcome(
    State.NOT_DELIVERED, "Elle est au dossier, mais aucune remise n’en donne encore l’empreinte."
)


class NotHandedOver(Exception):  # noqa: N818 - why, in French, is its message
    """The court has nothing to fetch."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What the topic has of a procedure: its last delivery, and what came beside."""

    delivery: Message
    supplements: tuple[Message, ...]
    withdrawal: Message | None

    def documents(self) -> Iterator[tuple[Document, Message]]:
        """Each with the message that hands it over."""
        for message in (self.delivery, *self.supplements):
            yield from ((one, message) for one in message.event.data.documents)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document, its place in the folder, what the dossier says of it, and what is known already of the outcome."""

    document: Document
    position: int
    name: str
    message: UUID | None
    described: Mapping[str, Any]
    outcome: Outcome | None = None

    @property
    def file(self) -> str:
        """Below the procedure's folder."""
        return str(PurePosixPath(FOLDER, self.name))


def handed(messages: Sequence[Message], which: str, code: str) -> Handed:
    """What is in force of a procedure's messages. Raises NotHandedOver."""
    deliveries = [one for one in messages if isinstance(one.event.data, Delivery)]
    if not deliveries:
        if any(isinstance(one.event.data, Notice) for one in messages):
            raise NotHandedOver(f"Le tribunal {code} est seulement informé de la procédure « {which} ».")
        raise NotHandedOver(f"La procédure « {which} » n’a pas été remise au tribunal {code}.")
    last = deliveries[-1]
    for data in (one.event.data for one in messages):
        if isinstance(data, Recall) and data.delivery == last.event.id:
            raise NotHandedOver(
                f"Le tribunal {code} n’est plus saisi de la procédure « {which} » ({data.reason.label}) : "
                "son dossier ne lui est plus ouvert."
            )
    # Those of an earlier delivery to the same court are the procedure's as well.
    supplements = tuple(one for one in messages if isinstance(one.event.data, Supplement))
    withdrawals = [one for one in messages if isinstance(one.event.data, Withdrawal)]
    return Handed(last, supplements, withdrawals[-1] if withdrawals else None)


def wanted(told: Handed | None, attachments: Sequence[Mapping[str, Any]]) -> list[Wanted]:
    """The topic's documents, then those that only the dossier has; without a topic the dossier is taken at its word.

    Raises pydantic.ValidationError for a dossier that cannot be.
    """
    described = {UUID(str(one["id"])): one for one in attachments}
    vouched: dict[UUID, tuple[Document, UUID | None]] = {}
    for document, message in told.documents() if told else ():
        vouched.setdefault(document.id, (document, message.event.id))
    others = [_document(one) for id_, one in described.items() if id_ not in vouched]
    listed = [*vouched.values(), *((one, None) for one in others)]
    found = [
        Wanted(document, position, numbered_name(position, _name(described.get(document.id))), message,
               described.get(document.id, {}))
        for position, (document, message) in enumerate(listed, start=1)
    ]  # fmt: skip
    return [replace(one, outcome=_foreseen(one, told)) for one in found]


def infected(described: Mapping[str, Any]) -> bool:
    """Whether the dossier says so."""
    return bool(described.get("scan", {}).get("state") == "infected")


def _foreseen(one: Wanted, told: Handed | None) -> Outcome | None:
    if infected(one.described):
        signature = one.described["scan"].get("signature")
        return Outcome(State.INFECTED, f"Un programme malveillant est dans cette pièce ({signature}).")
    return _NOT_DELIVERED if told and one.message is None else None


def _document(described: Mapping[str, Any]) -> Document:
    return Document.model_validate({name: described.get(name) for name in Document.model_fields})


def _name(described: Mapping[str, Any] | None) -> str | None:
    return None if described is None else described.get("name")
