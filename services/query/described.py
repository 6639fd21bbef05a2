"""What query's document says of its routes."""

from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Annotated

from infoparquet_contracts.codes import Formation, Kind, Status, UrgencyReason
from infoparquet_contracts.identifiers import (
    AdministrationCode,
    Day,
    EventId,
    Number,
    ProcedureId,
    Reference,
    ServiceCode,
    TribunalCode,
)
from infoparquet_contracts.registry import FACTS
from infoparquet_contracts.status import Ineffective
from pydantic import Field

from chassis.common_examples import FORGET, FORGOTTEN
from chassis.described import Answer, Content, Description, Operation, Shown
from chassis.reconciliation_api import Forget
from reference.names import Names
from services.query import figures_described
from services.query.answers import show_statuses
from services.query.api import sight
from services.query.examples import followed
from services.query.rights import ROLES


class UrgencyInWords(Shown):
    """Why and until when."""

    reason: UrgencyReason
    until: Day | None
    description: str


class Standing(Shown):
    """What a list and a procedure show alike."""

    id: ProcedureId
    number: Number | None
    reference: Reference
    administration: AdministrationCode
    kind: Kind
    status: Status
    status_label: str
    tribunal: TribunalCode | None
    tribunal_name: str | None
    urgent: bool
    urgency: UrgencyInWords | None
    submitted_at: datetime


class Page(Shown):
    """Of the list."""

    procedures: list[Standing]
    next: Annotated[str | None, Field(description="À donner en `cursor` pour la page suivante ; null à la fin.")]


class Entry(Shown):
    """A fact of the timeline."""

    id: Annotated[EventId, Field(description="Le `ce_id` du fait.")]
    fact: str
    time: datetime
    source: Annotated[str, Field(description="Qui l’a dit : `/services/<nom>`.")]
    data: Annotated[reduce(or_, FACTS), Field(description="Le `data` du fait, tel qu’au journal.")]  # type: ignore[valid-type]
    description: Annotated[str, Field(description="Le fait en une phrase.")]
    applied: Annotated[bool, Field(description="Faux si le fait est resté sans effet.")]
    why_not: Ineffective | None
    why_not_label: str | None
    trace: Annotated[str | None, Field(pattern="^[0-9a-f]{32}$", description="L’identifiant de trace W3C.")]


class Followed(Standing):
    """One procedure."""

    service: ServiceCode | None
    formation: Formation | None
    withdrawal_requested: bool
    overdue: bool
    delivery: Annotated[EventId | None, Field(description="Le `ce_id` de la remise en vigueur.")]
    times: Annotated[Mapping[Status, datetime], Field(description="L’instant de chaque état atteint.")]
    timeline: Annotated[list[Entry], Field(description="Tous les faits, dans l’ordre du journal.")]


class StatusRow(Shown):
    """A line of the table."""

    status: Status
    label: str
    followers: Annotated[list[Status], Field(description="Les états qui peuvent suivre.")]


class Forgotten(Shown):
    """What came of it."""

    forgotten: int


class Statuses(Shown):
    """The table."""

    statuses: list[StatusRow]


_ALLOWED = "Rôles admis : " + " ; ".join(
    f"{kind}, {' ou '.join(f'`{role}`' for role in sorted(roles))}" for kind, roles in ROLES.items()
)


def description(names: Names) -> Description:
    """With examples that name the courts as answers do."""
    shown = followed(names)
    listed = {name: shown[name] for name in Standing.model_fields}
    return Description(
        "Montre où en est chaque procédure, à l’administration qui l’a déposée et au tribunal à qui elle fut remise.",
        {
            "suivi": "Les procédures, leur chronologie et leurs états.",
            "chiffres": "Volumes, délais et exports.",
        },
        {
            **figures_described.operations(names, _ALLOWED, listed),
            "GET /v1/procedures": Operation(
                {
                    200: Answer(
                        Content(Page, {"prosecution": {"procedures": [listed], "next": None}}),
                        "Une page de procédures.",
                    )
                },
                f"{_ALLOWED}.",
            ),
            "GET /v1/procedures/{which}": Operation(
                {200: Answer(Content(Followed, {"prosecution": shown}), "La procédure et sa chronologie.")},
                "Aussitôt après le dépôt, la réponse attend jusqu’à 5 s que le service connaisse la procédure."
                f"\n\n{_ALLOWED}.",
                problems={404: ("unknown-procedure",)},
                waits=True,
            ),
            "POST /v1/reconciliation/forget": Operation(
                {200: Answer(Content(Forgotten, {"une-procédure": FORGOTTEN}), "Elles ne sont plus montrées.")},
                "Elles sont montrées de nouveau quand leurs faits sont redits au journal.",
                body=Content(Forget, {"une-procédure": FORGET}, description="Des procédures à montrer à neuf."),
            ),
            "GET /v1/statuses": Operation(
                {
                    200: Answer(
                        Content(Statuses, {"la-table": {"statuses": show_statuses()}}),
                        "La table, dans l’ordre du parcours.",
                    )
                }
            ),
        },
        {sight: {403: ("wrong-role",)}},
    )
