"""What intake's document says of the routes of drafts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field

from chassis.described import Answer, Content, Operation, Shown
from services.intake import examples
from services.intake.documents_described import DescribedDocument
from services.intake.drafts import DraftBody
from services.intake.drafts_store import KEPT, MOST, MOST_DOCUMENTS


class KeptDraft(Shown):
    """What people have begun to write."""

    id: UUID
    title: Annotated[str, Field(description="Ce à quoi on le reconnaît.")]
    version: Annotated[int, Field(ge=1)]
    changed_at: datetime
    expires_at: Annotated[datetime, Field(description="Quand il sera effacé si rien n’y change d’ici là.")]


class ListedDraft(KeptDraft):
    """One of a list."""

    documents: Annotated[int, Field(ge=0, description="Combien de pièces.")]


class WholeDraft(KeptDraft):
    """With what is in it."""

    content: dict[str, Any]
    documents: list[DescribedDocument]


class ListedDrafts(Shown):
    """The one last changed first."""

    drafts: list[ListedDraft]


_AT: Final = examples.DOSSIER["submitted_at"]
_BODY: Final[dict[str, Any]] = {
    "title": examples.DOSSIER["reference"],
    "content": {"reference": examples.DOSSIER["reference"]},
}
_KEPT: Final = {
    "id": examples.DOSSIER["id"],
    "title": _BODY["title"],
    "version": 1,
    "changed_at": _AT,
    "expires_at": _AT + timedelta(days=KEPT.days),
}
_VERSION: Final = {"ETag": "Sa version."}
_UNKNOWN: Final = {404: ("unknown-draft",)}
_ANY: Final = {404: ("unknown-draft", "unknown-document")}

DRAFT_OPERATIONS: Final[Mapping[str, Operation]] = {
    "GET /v1/drafts": Operation(
        {200: Answer(Content(ListedDrafts, {"begun": {"drafts": [_KEPT | {"documents": 0}]}}), "Le dernier d’abord.")},
        f"Visibles de vous seul ; {MOST} au plus, gardés {KEPT.days} jours après le dernier changement.",
    ),
    "GET /v1/drafts/{id}": Operation(
        {
            200: Answer(
                Content(WholeDraft, {"begun": _KEPT | {"content": _BODY["content"], "documents": []}}),
                "Avec ce qu’il contient.",
                _VERSION,
            )
        },
        problems=_UNKNOWN,
    ),
    "PUT /v1/drafts/{id}": Operation(
        {204: Answer(None, "Gardé.", _VERSION)},
        "L’identifiant est un UUID que vous choisissez. Qui remplace une version qui n’est plus la dernière l’apprend, "
        "et rien n’est écrasé.",
        Content(DraftBody, {"begun": _BODY}),
        _UNKNOWN
        | {
            400: ("invalid-json", "invalid-request"),
            409: ("too-many",),
            412: ("draft-changed",),
            415: ("media-type",),
            428: ("version-required",),
        },
        {"If-Match": "L’`ETag` de la version remplacée.", "If-None-Match": "`*` pour un premier envoi."},
    ),
    "DELETE /v1/drafts/{id}": Operation(
        {204: Answer(None, "Rien n’en est gardé, ni de ses pièces, sauf celles qu’une procédure a.")}, problems=_UNKNOWN
    ),
    "PUT /v1/drafts/{id}/documents/{document}": Operation(
        {204: Answer(None, "La pièce est gardée aussi longtemps que le brouillon.")},
        f"Une pièce entière, dans un seul brouillon ; {MOST_DOCUMENTS} au plus.",
        problems=_ANY | {409: ("too-many",)},
    ),
    "DELETE /v1/drafts/{id}/documents/{document}": Operation(
        {204: Answer(None, "Rien n’en est gardé.")}, problems={404: ("unknown-document",)}
    ),
}
