"""What the operations that every service has take and answer: positions and dead letters."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from chassis import common_examples as examples
from chassis.described import Answer, Content, Operation, Shown
from chassis.lag import Lag
from chassis.letters_api import Discard

TAGS: Final = {
    "lettres mortes": "Ce que ce service n’a pas pu traiter, à rejouer ou à écarter.",
    "positions": "Où en est la lecture du journal.",
}
Base64 = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]
Next = Annotated[str | None, Field(description="À donner en `cursor` pour la page suivante ; null à la fin.")]


class DeadLetter(Shown):
    """A letter in a list."""

    id: Annotated[str, Field(description="Un UUID, ou `outbox-` et un nombre pour ce que Kafka a refusé.")]
    kind: Literal["record", "outbox"]
    state: Literal["open", "closed"]
    code: Annotated[str, Field(description="Un `DeadLetterCode`, ou celui d’une autre version du service.")]
    reason: Annotated[str, Field(description="Le même en français.")]
    cause: Annotated[str | None, Field(description="Ce que Kafka a répondu, pour une ligne qu’il a refusée.")]
    pointer: Annotated[str, Field(description="Pointeur JSON vers ce qui est en cause, sans son contenu.")]
    topic: str
    partition: int | None
    offset: int | None
    type: Annotated[str | None, Field(description="Le `ce_type`, s’il a pu être lu.")]
    procedure: UUID | None
    at: datetime
    tries: int
    parked: Annotated[int, Field(description="Combien de faits de la même procédure attendent derrière elle.")]
    closed_at: datetime | None
    discarded: bool


class RecordHeader(Shown):
    """A header of the record."""

    name: str
    value: Base64 | None


class DecisionTaken(Shown):
    """An operator's."""

    action: str
    organisation: str
    subject: str
    reason: str | None
    at: datetime
    outcome: str


class WholeDeadLetter(DeadLetter):
    """With its bytes."""

    key: Base64 | None
    headers: list[RecordHeader]
    value: Base64 | None
    value_text: Annotated[str | None, Field(description="La valeur en texte, si elle est de l’UTF-8.")]
    decisions: list[DecisionTaken]


class DecidedRow(Shown):
    """Of a row that is gone, what was decided about it."""

    id: str
    kind: Literal["outbox"]
    state: Literal["closed"]
    decisions: list[DecisionTaken]


class DeadLetters(Shown):
    """A page."""

    dead_letters: list[DeadLetter]
    next: Next


class LetterDecided(Shown):
    """What came of a decision."""

    id: str
    released: Annotated[int, Field(description="Combien de faits qui attendaient ont été traités.")]
    parked: Annotated[int, Field(description="Combien attendent encore, derrière une autre lettre.")]
    behind: Annotated[UUID | None, Field(description="Cette autre lettre.")]


_CLOSED: Final = ("dead-letter-behind", "dead-letter-closed")
_UNKNOWN: Final = {404: ("unknown-dead-letter",)}

OPERATIONS: Final = {
    "GET /v1/positions": Operation(
        {
            200: Answer(
                Content(list[Lag], {"lu": examples.POSITIONS}),
                "La position et le retard de chaque partition que cette instance lit.",
            )
        }
    ),
    "GET /v1/dead-letters": Operation(
        {200: Answer(Content(DeadLetters, {"une-page": examples.LETTERS}), "Une page, la plus ancienne d’abord.")}
    ),
    "GET /v1/dead-letters/{letter}": Operation(
        {
            200: Answer(
                Content(WholeDeadLetter | DecidedRow, {"ouverte": examples.WHOLE}),
                "La lettre, avec son contenu en base 64.",
            )
        },
        problems=_UNKNOWN,
    ),
    "POST /v1/dead-letters/{letter}/replay": Operation(
        {
            200: Answer(
                Content(LetterDecided, {"faite": examples.DECIDED}),
                "Traitée, avec ce qui attendait derrière elle.",
            )
        },
        problems=_UNKNOWN | {409: ("dead-letter-fails", *_CLOSED)},
    ),
    "POST /v1/dead-letters/{letter}/discard": Operation(
        {
            200: Answer(
                Content(LetterDecided, {"faite": examples.DECIDED}),
                "Elle est écartée ; ce qui attendait derrière elle est traité.",
            )
        },
        body=Content(
            Discard,
            {"illisible": examples.DISCARD},
            description="Pourquoi, en clair ; gardé dans ce service seulement.",
        ),
        problems=_UNKNOWN | {409: ("dead-letter-fails", *_CLOSED)},
    ),
}
