"""What the operations that every service has take and answer: positions, dead letters, reconciliation."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from chassis import common_examples as examples
from chassis.described import Answer, Content, Operation, Shown
from chassis.lag import Lag
from chassis.letters_api import Discard
from chassis.reconciliation_api import Again, Comparison

TAGS: Final = {
    "lettres mortes": "Ce que ce service n’a pas pu traiter, à rejouer ou à écarter.",
    "positions": "Où en est la lecture du journal.",
    "rapprochement": "Ce que chaque service a dit et ce qui lui manque, pour retrouver et redire ce qui s’est perdu.",
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


class SaidRecord(Shown):
    """What this service said, under the `ce_id` that the journal carries."""

    record: UUID
    fact: Annotated[UUID, Field(description="Le même dans toutes les versions d’un fait.")]
    procedure: UUID
    type: str
    state: Annotated[
        Literal["waiting", "published", "heard"],
        Field(description="En attente d’envoi ; parti, et pas encore relu dans le journal ; relu dans le journal."),
    ]
    said_at: datetime
    partition: int | None
    offset: int | None


class SaidRecords(Shown):
    """A page."""

    records: list[SaidRecord]
    next: Next


class LackingFacts(Shown):
    """Facts without an effect on this service."""

    lacking: list[UUID]


class PartitionRead(Shown):
    """One of a topic."""

    topic: str
    partition: int


class ReadAnew(Shown):
    """What is read again from its beginning."""

    partitions: list[PartitionRead]


class Resent(Shown):
    """What came of it."""

    resent: Annotated[int, Field(description="Sans ce qui attend déjà d’être envoyé.")]


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
    "GET /v1/reconciliation": Operation(
        {200: Answer(Content(SaidRecords, {"une-page": examples.SAID}), "Une page, le plus ancien d’abord.")}
    ),
    "POST /v1/reconciliation/lacking": Operation(
        {200: Answer(Content(LackingFacts, {"un-fait-manque": examples.LACKING}), "Les identifiants de ces faits.")},
        "Ne compte pas les procédures dont une lettre morte attend une décision, ou a été écartée.",
        body=Content(Comparison, {"un-fait": examples.COMPARISON}, description="Des faits que le journal porte."),
    ),
    "POST /v1/reconciliation/resend": Operation(
        {200: Answer(Content(Resent, {"redit": examples.RESENT}), "C’est dans la file d’envoi.")},
        "Avec le même `ce_id` : sans effet sur qui a déjà ce fait.",
        body=Content(Again, {"un-enregistrement": examples.AGAIN}, description="Des `ce_id` que ce service a dits."),
    ),
    "POST /v1/reconciliation/read-anew": Operation(
        {200: Answer(Content(ReadAnew, {"rien": examples.READ_ANEW}), "Ces partitions ; aucune si tout est en place.")},
        "Après une troncature ou une restauration de Kafka : relire ne change rien à ce qui est déjà su, et ce que ce "
        "service avait dit et que le journal n’a plus sera redit. Chaque instance arrêtée reprend sa lecture.",
    ),
}
