"""What routing's document says of its routes."""

from typing import Final

from infoparquet_contracts.codes import ReplyRefusal

from chassis.described import Answer, Content, Description, Operation
from reference import Reference
from services.routing import examples
from services.routing.operator_api import AssignmentBody, RedeliveryBody
from services.routing.shown import (
    AssignmentMade,
    Cases,
    Competent,
    Court,
    Courts,
    DecidedAgain,
    Queue,
    Reason,
    Redelivered,
    ReplyBody,
    ReplyTaken,
    Undecided,
)

_COURT: Final = {404: ("unknown-tribunal",)}
_PROCEDURE: Final = {404: ("unknown-procedure",)}


def description(reference: Reference) -> Description:
    """With examples that are decided and explained by this reference data."""
    return Description(
        "Désigne le tribunal compétent et dit pourquoi, lui remet la procédure, reçoit ses réponses.",
        {
            "orientation": "Quel tribunal, et pourquoi ; les tribunaux et leurs sujets Kafka.",
            "réponses des tribunaux": "Pour les tribunaux qui n’emploient pas Kafka.",
            "exploitation": "La file des procédures sans tribunal, et la remise renouvelée.",
        },
        {**_of_competence(reference), **_OF_COURTS, **_of_operators(reference)},
    )


def _of_competence(reference: Reference) -> dict[str, Operation]:
    court = examples.court(reference)
    return {
        "GET /v1/competence": Operation(
            {
                200: Answer(
                    Content(Competent | Undecided, examples.answers(reference)),
                    "Le tribunal, ou pourquoi aucun n’est désigné.",
                )
            }
        ),
        "GET /v1/tribunals": Operation(
            {200: Answer(Content(Courts, {"bordeaux": {"tribunals": [court]}}), "Tous les tribunaux.")}
        ),
        "GET /v1/tribunals/{code}": Operation(
            {200: Answer(Content(Court, {"bordeaux": court}), "Le tribunal.")}, problems=_COURT
        ),
    }


_OF_COURTS: Final = {
    "POST /v1/procedures/{id}/replies": Operation(
        {
            202: Answer(
                Content(ReplyTaken, {"declined/another-court-named": examples.REPLY_TAKEN}),
                "La réponse est prise ; elle sera un fait au journal.",
            )
        },
        "Les mêmes champs que le `data` de la réponse sur Kafka, plus `fact`, et des mots si l’on veut. Une "
        "réponse refusée est un conflit 409, dont `errors` dit celles qui sont possibles.",
        Content(ReplyBody, examples.REPLY_BODIES),
        _PROCEDURE | {400: ("invalid-reply",), 409: (*ReplyRefusal, "delivery-under-way")},
    ),
    "GET /v1/replies/{id}": Operation(
        {200: Answer(Content(Reason, {"another-court-named": examples.WORDS}), "Le texte.")},
        "À l’administration concernée, au tribunal qui l’a écrit et au tribunal saisi.",
        problems={404: ("unknown-reply",)},
    ),
}


def _of_operators(reference: Reference) -> dict[str, Operation]:
    return {
        "POST /v1/procedures/{id}/assignment": Operation(
            {
                202: Answer(
                    Content(AssignmentMade, {"place-without-commune": examples.ASSIGNED}),
                    "Le tribunal est désigné.",
                )
            },
            body=Content(AssignmentBody, {"place-without-commune": examples.ASSIGNMENT}),
            problems=_PROCEDURE | {400: ("unknown-tribunal",), 409: ("not-waiting", "declined-before")},
        ),
        "POST /v1/tribunals/{code}/redelivery": Operation(
            {
                202: Answer(
                    Content(Redelivered, {"un-message": examples.REDELIVERED}),
                    "Les messages sont remis de nouveau, sous leurs identifiants.",
                )
            },
            body=Content(RedeliveryBody, {"depuis-ce-jour": examples.REDELIVERY}),
            problems=_COURT | {503: ("outbox-full",)},
        ),
        "GET /v1/unroutable": Operation(
            {
                200: Answer(
                    Content(Queue, {"place-without-commune": examples.queue(reference)}),
                    "La file, les urgentes d’abord, puis la plus ancienne.",
                )
            },
            "Avec `procedure`, cette procédure seule, si elle attend.",
        ),
        "POST /v1/unroutable:decide": Operation(
            {
                202: Answer(
                    Content(DecidedAgain, {"une-seule": examples.DECIDED_AGAIN}),
                    "Ce que les règles actuelles ont décidé.",
                )
            }
        ),
        "GET /v1/cases": Operation(
            {
                200: Answer(
                    Content(Cases, {"with-documents": examples.cases()}), "Une page de cas, sans personne ni texte."
                )
            }
        ),
    }
