"""What intake's document says of the routes of documents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from infoparquet_contracts.facts import Submitted
from infoparquet_contracts.identifiers import MediaType, ProcedureId, Sha256, Size
from pydantic import Field

from chassis.described import Answer, Content, Operation, Shown
from chassis.golden import golden
from services.intake.document_shown import ScanState
from services.intake.tus_headers import OFFSETS

_STATES: Final = (
    "`off` : aucun antivirus n’est installé ; `waiting` : pas encore passée ; `delayed` : l’antivirus ne répond pas ; "
    "`clean`, `infected` : son verdict ; `unscannable` : il ne peut pas l’analyser."
)


class Remark(Shown):
    """Something to know, that refuses nothing."""

    pointer: str
    code: Annotated[str, Field(description="Pour les programmes : `urgency-past`, `media-type-mismatch`…")]
    detail: Annotated[str, Field(description="Pour les personnes.")]


class Scan(Shown):
    """Where the scan of a document stands."""

    state: Annotated[ScanState, Field(description=_STATES)]
    signature: Annotated[str | None, Field(description="Ce qui a été trouvé.")]
    time: datetime | None


class DescribedDocument(Shown):
    """A document, without its bytes."""

    id: UUID
    name: Annotated[str | None, Field(description="Le nom du fichier, sans chemin ni caractère de contrôle.")]
    media_type: Annotated[MediaType, Field(description="Le type annoncé si le contenu en est, sinon le vrai.")]
    declared_media_type: str
    bytes: Size
    sha256: Sha256
    scan: Scan
    procedure: Annotated[ProcedureId | None, Field(description="La procédure à laquelle elle est jointe.")]
    supplement: UUID | None
    expires_at: Annotated[datetime | None, Field(description="Quand elle sera effacée si rien ne la joint d’ici là.")]
    warnings: list[Remark]


_FACT: Final = golden(Submitted, "with-documents")
_SENT: Final = _FACT.data.documents[0]
_EXAMPLE: Final[dict[str, Any]] = {
    "id": _SENT.id,
    "name": "constat.pdf",
    "media_type": _SENT.media_type,
    "declared_media_type": _SENT.media_type,
    "bytes": _SENT.bytes,
    "sha256": _SENT.sha256,
    "scan": {"state": ScanState.CLEAN, "signature": None, "time": _FACT.data.submitted_at},
    "procedure": _FACT.subject,
    "supplement": None,
    "expires_at": None,
    "warnings": [],
}
_LOOSE: Final = _EXAMPLE | {"procedure": None, "expires_at": _FACT.data.submitted_at}
_DIGEST: Final = "L’empreinte que la pièce doit avoir (RFC 9530) : `sha-256=:…:`. Ce qui en diffère n’est pas gardé."
_LOCATION: Final = {"Location": "Où l’envoyer."}
_OFFSET: Final = {
    "Tus-Resumable": "`1.0.0`.",
    "Upload-Offset": "Octets gardés : l’envoi reprend là.",
    "Upload-Expires": "Quand elle sera effacée si rien n’en vient d’ici là.",
}
_RESUMABLE: Final = {"Tus-Resumable": "`1.0.0`."}
_UNKNOWN: Final = {404: ("unknown-document",), 412: ("tus-version",), 503: ("content-missing",)}

DOCUMENT_OPERATIONS: Final[Mapping[str, Operation]] = {
    "POST /v1/documents": Operation(
        {
            201: Answer(
                Content(DescribedDocument, {"with-documents": _LOOSE}),
                "La pièce est entière et gardée. Joignez-la dans la journée : sinon elle est effacée.",
                {"Location": "L’adresse de son contenu."},
            )
        },
        "Le corps est la pièce elle-même, 1 Gio au plus, de tout type. Pour une grande pièce ou une mauvaise liaison, "
        "préférez `POST /v1/uploads`, qui reprend après une coupure.",
        Content(None, media_type="*/*"),
        {
            400: ("invalid-name", "invalid-digest", "digest-mismatch"),
            404: ("unknown-document",),
            409: ("overtaken",),
            413: ("too-large",),
            503: ("content-missing", "too-many-documents"),
            507: ("storage-full",),
        },
        {
            "Content-Disposition": "Le nom du fichier (RFC 6266) : `attachment; filename*=UTF-8''constat.pdf`.",
            "Repr-Digest": _DIGEST,
        },
    ),
    "GET /v1/documents/{id}": Operation(
        {
            200: Answer(
                Content(None, media_type="*/*"),
                "La pièce, octet pour octet ; la lecture est consignée.",
                {
                    "ETag": "Son empreinte SHA-256.",
                    "Repr-Digest": "La même (RFC 9530).",
                    "Content-Disposition": "Son nom, toujours comme fichier à enregistrer.",
                    "Accept-Ranges": "`bytes`.",
                },
            ),
            206: Answer(
                Content(None, media_type="*/*"), "La plage demandée.", {"Content-Range": "Laquelle, et de combien."}
            ),
            304: Answer(None, "Vous l’avez déjà (`If-None-Match`)."),
        },
        "À l’administration qui l’a déposée et au tribunal saisi. `HEAD` rend les mêmes en-têtes sans la pièce : ce "
        "n’est pas une lecture.",
        problems={
            404: ("unknown-document",),
            409: ("document-infected", "document-not-scanned"),
            416: ("range",),
            503: ("content-missing",),
        },
        request_headers={
            "Range": "Une plage : `bytes=0-1048575` (RFC 9110).",
            "If-Range": "L’empreinte que la pièce doit encore avoir pour que la plage vaille.",
            "If-None-Match": "L’empreinte que vous avez.",
        },
        waits=True,
    ),
    "GET /v1/documents/{id}/description": Operation(
        {200: Answer(Content(DescribedDocument, {"with-documents": _EXAMPLE}), "Tout, sauf les octets.")},
        problems={404: ("unknown-document",)},
        waits=True,
    ),
    "POST /v1/uploads": Operation(
        {201: Answer(None, "Elle peut venir.", _LOCATION | _OFFSET, ["Upload-Expires"])},
        "Sa taille est annoncée par `Upload-Length` ; son nom (`filename`) et son type (`filetype`) dans "
        "`Upload-Metadata`. L’identifiant de l’envoi sera celui de la pièce.",
        problems={
            400: (
                "idempotency-key-malformed",
                "invalid-header",
                "invalid-metadata",
                "invalid-name",
                "invalid-digest",
                "digest-mismatch",
            ),
            404: ("unknown-document",),
            409: ("overtaken",),
            412: ("tus-version",),
            413: ("too-large",),
            422: ("idempotency-key-reused",),
            503: ("content-missing",),
        },
        request_headers={
            "Idempotency-Key": "La même clé rend le même envoi, là où il en est : 255 caractères ASCII au plus.",
            "Tus-Resumable": "`1.0.0`, exigé.",
            "Upload-Length": "Octets en tout, exigé.",
            "Upload-Metadata": "`filename cHYucGRm,filetype YXBwbGljYXRpb24vcGRm`.",
            "Repr-Digest": _DIGEST,
        },
    ),
    "PATCH /v1/uploads/{id}": Operation(
        {204: Answer(None, "Gardé. La pièce est entière quand tout est venu.", _OFFSET, ["Upload-Expires"])},
        "`HEAD` sur la même adresse dit où reprendre.",
        Content(None, media_type=OFFSETS),
        _UNKNOWN
        | {
            400: ("cut", "invalid-header", "digest-mismatch"),
            409: ("overtaken", "wrong-offset"),
            413: ("too-large",),
            415: ("media-type",),
            503: ("content-missing", "too-many-documents"),
            507: ("storage-full",),
        },
        {"Tus-Resumable": "`1.0.0`, exigé.", "Upload-Offset": "L’octet où le corps commence, exigé."},
    ),
    "DELETE /v1/uploads/{id}": Operation(
        {204: Answer(None, "Rien n’en est gardé.", _RESUMABLE)},
        problems=_UNKNOWN | {400: ("digest-mismatch",), 409: ("document-attached", "overtaken")},
        request_headers={"Tus-Resumable": "`1.0.0`, exigé."},
    ),
}
