"""What query's document says of its routes."""

from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any

from infoparquet_contracts.codes import Formation, Status, UrgencyReason
from infoparquet_contracts.identifiers import (
    Day,
    EventId,
    Number,
    ProcedureId,
    Reference,
    ServiceCode,
    Uuid,
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
from services.query.api import AS_OF, sight
from services.query.examples import followed, told
from services.query.listed import Listed, Related
from services.query.rights import ROLES
from services.query.views_api import View
from services.query.views_store import MOST


class UrgencyInWords(Shown):
    """Why and until when."""

    reason: UrgencyReason
    until: Day | None
    description: str


class Standing(Listed):
    """What a list and a procedure show alike."""

    urgency: UrgencyInWords | None


class Page(Shown):
    """Of the list."""

    procedures: list[Standing]
    next: Annotated[str | None, Field(description="À donner en `cursor` pour la page suivante ; null à la fin.")]
    corrected: Annotated[
        list[Number], Field(description="Les numéros trouvés à la place de celui de `q`, dont la clé est fausse.")
    ]
    ignored: Annotated[
        list[str], Field(description="Les mots de `q` laissés de côté : trop courants, ou trop nombreux.")
    ]


class Said(Shown):
    """A fact, wherever it is shown."""

    fact: str
    time: datetime
    source: Annotated[str, Field(description="Qui l’a dit : `/services/<nom>`.")]
    data: Annotated[reduce(or_, FACTS), Field(description="Le `data` du fait, tel qu’au journal.")]  # type: ignore[valid-type]
    description: Annotated[str, Field(description="Le fait en une phrase.")]
    applied: Annotated[bool, Field(description="Faux si le fait est resté sans effet.")]


class Entry(Said):
    """A fact of the timeline."""

    id: Annotated[EventId, Field(description="Le `ce_id` du fait.")]
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
    related: Annotated[
        list[Related],
        Field(
            description="Les plus récentes des procédures visibles pour vous qui semblent porter sur les mêmes faits : "
            "même commune, dates des faits qui se recouvrent, même code NATINF ou NATAFF. Un indice, jamais un refus."
        ),
    ]
    more_related: Annotated[bool, Field(description="Vrai s’il y en a d’autres.")]


class StatusRow(Shown):
    """A line of the table."""

    status: Status
    label: str
    followers: Annotated[list[Status], Field(description="Les états qui peuvent suivre.")]


class Told(Said):
    """A fact of the feed."""

    id: Annotated[EventId, Field(description="Le `ce_id` du fait : le même s’il est reçu deux fois.")]
    procedure: ProcedureId
    number: Annotated[Number | None, Field(description="Le numéro de la procédure à ce moment ; null avant.")]
    reference: Reference


class Feed(Shown):
    """A page of it."""

    facts: list[Told]
    next: Annotated[str, Field(description="À donner en `after` pour la suite, aussitôt ou plus tard.")]
    more: Annotated[bool, Field(description="Vrai si la suite est déjà là.")]


class Forgotten(Shown):
    """What came of it."""

    forgotten: int


class Kept(Shown):
    """A view that a person keeps."""

    id: Uuid
    name: str
    filters: Annotated[Mapping[str, Any], Field(description="Les paramètres de `GET /v1/procedures`.")]
    changed_at: datetime


class KeptViews(Shown):
    """All of a person's."""

    views: Annotated[list[Kept], Field(description="Par ordre de nom.")]


class Statuses(Shown):
    """The table."""

    statuses: list[StatusRow]


_SENT = {"name": "Urgences de Bordeaux", "filters": {"q": "bordeaux", "urgent": True}}
_KEPT = {"id": "0192f0c1-0000-7000-8000-0000000000f1", **_SENT, "changed_at": "2026-11-23T12:00:00Z"}
_LIMITS = f"Vos vues ne sont montrées à personne d’autre ; {MOST} au plus."

_ALLOWED = "Rôles admis : " + " ; ".join(
    f"{kind}, {' ou '.join(f'`{role}`' for role in sorted(roles))}" for kind, roles in ROLES.items()
)

_AS_OF = {
    AS_OF: "L’instant du plus récent des faits dont la réponse tient compte pour sûr : rien de ce que le suivi avait "
    "lu jusque-là n’y manque. Ce qui attend encore d’être lu est dans `GET /v1/positions`. Absent tant que le suivi ne "
    "connaît aucun fait."
}
_ENTITLED = (
    "Une administration reçoit les faits de ses procédures, un tribunal ceux qui sont dits pendant qu’il est saisi, de "
    "la remise jusqu’à son dessaisissement compris, l’exploitation et les services tous."
)
_STREAMED = (
    "Événements envoyés par le serveur (SSE, `text/event-stream`). Chaque événement `fact` porte en `data`, sur une "
    "ligne de JSON, un fait tel que dans `GET /v1/facts`, et en `id` un curseur de ce flux ; le premier événement d’un "
    "flux nouveau, `here`, dit où il commence. Avec `Last-Event-ID`, le flux reprend après ce fait, sans manque ni "
    "répétition. Un commentaire passe toutes les 15 secondes. Le flux finit avec le jeton, ou avec le service : il "
    "suffit de revenir."
)
_GONE = {410: ("cursor-gone",)}


def _streamed(text: str) -> Answer:
    return _known(Content(None, media_type="text/event-stream"), text)


def _known(content: Content, text: str) -> Answer:
    """An answer that says how fresh it is."""
    return Answer(content, text, headers=_AS_OF, sometimes=[AS_OF])


def _feed(names: Names) -> Mapping[str, Operation]:
    return {
        "GET /v1/facts": Operation(
            {200: _known(Content(Feed, {"une-page": told(names)}), "Une page du flux.")},
            "Tous les faits, chacun une fois, dans un ordre qui ne change pas : qui garde `next` et le redonne n’en "
            f"manque aucun.\n\n{_ENTITLED}\n\n{_ALLOWED}.",
            problems=_GONE,
        ),
        "GET /v1/stream": Operation(
            {200: _streamed("Les faits, à mesure qu’ils arrivent.")},
            f"{_STREAMED}\n\n{_ENTITLED}\n\n{_ALLOWED}.",
            problems=_GONE,
        ),
        "GET /v1/procedures/{which}/stream": Operation(
            {
                200: _streamed("Les faits de la procédure, à mesure qu’ils arrivent."),
                204: Answer(None, "Votre tribunal est dessaisi et sait tout ce qu’il peut savoir : ne revenez pas."),
            },
            f"{_STREAMED} Pour un tribunal il finit aussi, après l’avoir dit, quand il se dessaisit."
            f"\n\n{_ENTITLED}\n\n{_ALLOWED}.",
            problems={**_GONE, 404: ("unknown-procedure",)},
            waits=True,
        ),
    }


def description(names: Names) -> Description:
    """With examples that name the courts as answers do."""
    shown = followed(names)
    listed = {name: shown[name] for name in Standing.model_fields}
    return Description(
        "Montre où en est chaque procédure, à l’administration qui l’a déposée et au tribunal à qui elle fut remise.",
        {
            "suivi": "Les procédures, leur chronologie et leurs états.",
            "vues": "Les filtres que chacun garde.",
            "chiffres": "Volumes, délais et exports.",
        },
        {
            **figures_described.operations(names, _ALLOWED, listed),
            **_views(),
            "GET /v1/procedures": Operation(
                {
                    200: _known(
                        Content(
                            Page,
                            {"prosecution": {"procedures": [listed], "next": None, "corrected": [], "ignored": []}},
                        ),
                        "Une page de procédures.",
                    )
                },
                f"{_ALLOWED}.",
            ),
            "GET /v1/procedures/{which}": Operation(
                {200: _known(Content(Followed, {"prosecution": shown}), "La procédure et sa chronologie.")},
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
                    200: _known(
                        Content(Statuses, {"la-table": {"statuses": show_statuses()}}),
                        "La table, dans l’ordre du parcours.",
                    )
                }
            ),
            **_feed(names),
        },
        {sight: {403: ("wrong-role",)}},
    )


def _views() -> Mapping[str, Operation]:
    kept, sent = Content(Kept, {"urgences": _KEPT}), Content(View, {"urgences": _SENT}, description="La vue.")
    unknown = {404: ("unknown-view",)}
    return {
        "GET /v1/views": Operation(
            {200: Answer(Content(KeptViews, {"une-vue": {"views": [_KEPT]}}), "Vos vues.")}, f"{_LIMITS}\n\n{_ALLOWED}."
        ),
        "POST /v1/views": Operation(
            {201: Answer(kept, "Elle est enregistrée.")},
            f"{_LIMITS}\n\n{_ALLOWED}.",
            body=sent,
            problems={409: ("view-name-taken", "too-many-views")},
        ),
        "PUT /v1/views/{id}": Operation(
            {200: Answer(kept, "Elle est remplacée.")},
            f"{_ALLOWED}.",
            body=sent,
            problems={**unknown, 409: ("view-name-taken",)},
        ),
        "DELETE /v1/views/{id}": Operation({204: Answer(None, "Elle n’est plus.")}, f"{_ALLOWED}.", problems=unknown),
    }
