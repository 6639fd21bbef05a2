"""What notify's document says of its routes."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from infoparquet_contracts.codes import Channel, NotificationFailure
from infoparquet_contracts.identifiers import EventId, Organisation, ProcedureId
from pydantic import Field

from chassis.described import Answer, Content, Description, Operation, Shown
from services.notify.examples import FAILED_MAIL, SENT_MAIL, TRIED_AGAIN


class Delivery(Shown):
    """A mail, sent or to be."""

    id: UUID
    procedure: ProcedureId
    event: Annotated[EventId, Field(description="Le `ce_id` du fait annoncé.")]
    fact: Annotated[str, Field(description="Le fait annoncé : `numbered`, `delivered`, `decided`…")]
    channel: Channel
    recipient: Organisation
    state: Literal["waiting", "sending", "sent", "failed"]
    tries: Annotated[int, Field(ge=0)]
    next_try_at: Annotated[datetime | None, Field(description="Null si elle n’attend pas d’autre essai.")]
    failure: Annotated[NotificationFailure | None, Field(description="Pourquoi le dernier essai a échoué.")]
    created_at: datetime
    failed_at: Annotated[datetime | None, Field(description="Quand elle fut donnée pour perdue, la première fois.")]
    sent_at: datetime | None


class Deliveries(Shown):
    """Of one procedure."""

    deliveries: list[Delivery]


class FailedDeliveries(Shown):
    """A page of what was given up."""

    deliveries: list[Delivery]
    next: Annotated[str | None, Field(description="Le `cursor` de la page suivante.")]


DESCRIPTION: Final = Description(
    "Annonce par courriel à l’auteur d’une procédure ce qu’elle devient. Aucune adresse n’est jamais montrée.",
    {"notifications": "Les courriels, envoyés, en attente ou en échec."},
    {
        "GET /v1/deliveries": Operation(
            {
                200: Answer(
                    Content(
                        Deliveries,
                        {"by-mail": {"deliveries": [SENT_MAIL]}, "no-address": {"deliveries": [FAILED_MAIL]}},
                    ),
                    "Les notifications, la plus ancienne d’abord ; 500 au plus.",
                )
            },
            "Aussitôt après le dépôt, la réponse attend jusqu’à 5 s que le service connaisse la procédure.",
            problems={404: ("unknown-procedure",)},
            waits=True,
        ),
        "GET /v1/failed-deliveries": Operation(
            {
                200: Answer(
                    Content(FailedDeliveries, {"no-address": {"deliveries": [FAILED_MAIL], "next": None}}),
                    "Une page, la plus anciennement en échec d’abord.",
                )
            },
        ),
        "POST /v1/deliveries/{id}/retry": Operation(
            {202: Answer(Content(Delivery, {"no-address": TRIED_AGAIN}), "La notification, de nouveau en attente.")},
            problems={404: ("unknown-delivery",), 409: ("not-failed",)},
        ),
    },
)
