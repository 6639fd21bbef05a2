"""What intake's document says of its routes."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from infoparquet_contracts.codes import WithdrawalReason
from infoparquet_contracts.identifiers import AdministrationCode, Number, ProcedureId, Reference
from pydantic import Field

from chassis.described import Answer, Content, Description, Operation, Shown
from chassis.openapi_problems import Fault
from services.intake import examples
from services.intake.additions import SupplementBody, TooLate, WithdrawalBody
from services.intake.batch import NDJSON
from services.intake.documents_described import DOCUMENT_OPERATIONS, DescribedDocument, Remark
from services.intake.drafts_described import DRAFT_OPERATIONS
from services.intake.submission import Submission, SubmissionLine
from services.intake.waiting import LONGEST_WAIT

_STATUS = "L’adresse où suivre la procédure."
_PREFER = f"`wait=5` : attend le numéro 5 secondes au plus (RFC 7240), {LONGEST_WAIT} au maximum."
_BODIES: Final = {400: ("invalid-json", "invalid-procedure"), 413: ("too-large",), 415: ("media-type",)}


class Accepted(Shown):
    """What was made of a submission."""

    id: ProcedureId
    reference: Reference
    status_url: Annotated[str, Field(description=_STATUS)]
    number: Number | None
    warnings: list[Remark]


class NumberedAtOnce(Accepted):
    """The same with its number."""

    number: Number


class LineTaken(Shown):
    """What became of a line of a batch."""

    line: Annotated[int, Field(ge=1, description="Le numéro de la ligne dans le corps envoyé.")]
    status: Literal[202]
    id: ProcedureId
    warnings: list[Remark]


class LineRefused(Shown):
    """The same."""

    line: Annotated[int, Field(ge=1)]
    status: Annotated[Literal[400, 409, 413, 422], Field(description="Ce qu’aurait répondu `POST /v1/procedures`.")]
    errors: Annotated[list[Fault], Field(min_length=1)]


class Checked(Shown):
    """What would happen."""

    errors: list[Fault]
    warnings: list[Remark]
    competence: Annotated[
        dict[str, Any] | None, Field(description="Ce que répond `GET /v1/competence` ; null s’il y a des erreurs.")
    ]


class AddedWords(Shown):
    """A supplement in a dossier."""

    id: UUID
    time: datetime
    text: str | None
    documents: list[UUID]


class Withdrawn(Shown):
    """The withdrawal in a dossier."""

    time: datetime
    reason: WithdrawalReason
    comment: str | None


class Dossier(Submission):
    """As it was sent, with what was added since."""

    id: ProcedureId
    number: Number | None
    administration: AdministrationCode
    submitted_at: datetime
    supplements: list[AddedWords]
    withdrawal: Withdrawn | None
    attachments: Annotated[list[DescribedDocument], Field(description="Ses pièces, puis celles de ses compléments.")]


class LostDossier(Shown):
    """A procedure whose dossier is to be sent again."""

    id: ProcedureId
    number: Number | None
    administration: AdministrationCode
    reference: Reference
    submitted_at: datetime


class LostDossiers(Shown):
    """The oldest first."""

    dossiers: list[LostDossier]


class Contact(Shown):
    """Whom to write to."""

    name: str | None
    email: str | None


class Added(Shown):
    """What was added to a procedure."""

    id: UUID
    procedure: ProcedureId
    status_url: Annotated[str, Field(description=_STATUS)]


_LOCATION: Final = {"Location": _STATUS}
_ADDITIONS: Final = {400: ("invalid-json", "invalid-request"), 404: ("unknown-procedure",), 415: ("media-type",)}

DESCRIPTION: Final = Description(
    "Reçoit les procédures des administrations, garde leurs dossiers et les remet à qui y a droit.",
    {
        "dépôt": "Déposer une procédure, un lot, ou seulement vérifier.",
        "dossiers": "Ce qui a été déposé, personnes et textes compris.",
        "suites": "Compléter une procédure, ou la retirer.",
        "pièces": "Déposer une pièce, savoir ce qu’elle est, la lire.",
        "brouillons": "Garder ce qu’on écrit jusqu’à ce qu’on l’envoie.",
        "envois": "Déposer une pièce en plusieurs fois, par le protocole tus 1.0.0.",
    },
    {
        **DOCUMENT_OPERATIONS,
        **DRAFT_OPERATIONS,
        "POST /v1/procedures": Operation(
            {
                201: Answer(
                    Content(NumberedAtOnce, {"urgent": examples.NUMBERED}),
                    "Déposée et numérotée dans le temps que `Prefer` accorde.",
                    _LOCATION | {"Preference-Applied": "L’attente accordée : `wait=5`."},
                ),
                202: Answer(
                    Content(Accepted, examples.ACCEPTED),
                    "Déposée : elle est enregistrée, et sera numérotée.",
                    _LOCATION,
                ),
            },
            "La même clé avec le même corps rend la même procédure, dans son état d’aujourd’hui.",
            Content(Submission, examples.BODIES),
            _BODIES,
            {"Prefer": _PREFER},
        ),
        "POST /v1/procedures:batch": Operation(
            {
                200: Answer(
                    Content(LineTaken | LineRefused, {"urgent": examples.LINE_TAKEN}, media_type=NDJSON[0]),
                    "Une ligne par ligne envoyée, dans le même ordre ; le schéma est celui d’une ligne. La réponse "
                    "commence après la dernière ligne reçue.",
                )
            },
            "Une ligne fautive ne nuit qu’à elle-même. Après une coupure, renvoyez le même fichier : rien n’est "
            "enregistré deux fois.",
            Content(
                SubmissionLine,
                {"urgent": examples.LINE},
                media_type=NDJSON[0],
                description="Une procédure par ligne, avec sa clé d’idempotence ; le schéma est celui d’une ligne. "
                f"Aussi : {', '.join(f'`{one}`' for one in NDJSON[1:])}.",
            ),
            {415: ("media-type",), 503: ("outbox-full",)},
        ),
        "POST /v1/procedures:check": Operation(
            {
                200: Answer(
                    Content(Checked, {"urgent": {"errors": [], "warnings": [], "competence": None}}),
                    "Ce qui arriverait ; rien n’est enregistré.",
                )
            },
            body=Content(Submission, examples.BODIES),
            problems={400: ("invalid-json",), 415: ("media-type",)},
        ),
        "GET /v1/lost-dossiers": Operation(
            {200: Answer(Content(LostDossiers, {"urgent": examples.LOST}), "Les plus anciens d’abord, 1 000 au plus.")},
            "Perdus avec la base du service, remise d’après une sauvegarde : les procédures suivent leur cours. "
            "Renvoyer la même demande sous la même clé rend le dossier ; elle ne crée rien d’autre. Une "
            "administration ne voit que les siens.",
        ),
        "GET /v1/dossiers/{id}": Operation(
            {200: Answer(Content(Dossier, {"urgent": examples.DOSSIER}), "Le dossier ; la lecture est consignée.")},
            "À l’administration qui l’a déposé et au tribunal saisi. Aussitôt après la remise, la réponse attend "
            "jusqu’à 5 s.",
            problems={404: ("unknown-dossier",), 409: ("dossier-lost",)},
            waits=True,
        ),
        "GET /v1/dossiers/{id}/contact": Operation(
            {
                200: Answer(
                    Content(Contact, {"urgent": examples.CONTACT}),
                    "Le nom et l’adresse de l’auteur, s’ils sont connus.",
                )
            },
            problems={404: ("unknown-dossier",), 409: ("dossier-lost",)},
            waits=True,
        ),
        "POST /v1/procedures/{id}/supplements": Operation(
            {
                202: Answer(
                    Content(Added, {"in-words": examples.SUPPLEMENTED}), "Le complément est enregistré.", _LOCATION
                )
            },
            body=Content(SupplementBody, {"in-words": examples.SUPPLEMENT}),
            problems=_ADDITIONS | {409: tuple(TooLate)},
            waits=True,
        ),
        "POST /v1/procedures/{id}/withdrawal": Operation(
            {
                202: Answer(
                    Content(Added, {"before-delivery": examples.WITHDRAWN}), "Le retrait est enregistré.", _LOCATION
                )
            },
            body=Content(WithdrawalBody, {"before-delivery": examples.WITHDRAWAL}),
            problems=_ADDITIONS | {409: (TooLate.CLOSED, TooLate.WITHDRAWN)},
            waits=True,
        ),
    },
)
