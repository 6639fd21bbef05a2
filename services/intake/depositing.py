"""HTTP in: a document in one request. Whole when it is answered, or nothing of it is kept."""

from datetime import timedelta

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from infoparquet_contracts.identifiers import LARGEST_DOCUMENT
from pydantic_core import to_jsonable_python
from starlette.requests import ClientDisconnect

from chassis.problems import Problem
from services.intake import file_names, media_types, repr_digest
from services.intake.api import Administration
from services.intake.arriving import too_large
from services.intake.document_shown import as_json
from services.intake.objects import ObjectMissing, StoreFull
from services.intake.receiving import DigestDiffers, Overtaken, Receiver

DOCUMENTS_PATH = "/v1/documents"
# Without a byte for so long, whoever took it in is no more: it cannot be gone on with.
WAITS = timedelta(minutes=15)
# Raised again as themselves, errors would hold themselves, and all that they went through.
WORDED = (StoreFull, DigestDiffers, ObjectMissing, Overtaken)


def routes(receiver: Receiver, *, scanning: bool) -> APIRouter:
    """`POST /v1/documents`."""
    router = APIRouter(tags=["pièces"])

    a_place = [Depends(receiver.places.take)]

    @router.post(DOCUMENTS_PATH, summary="Dépose une pièce", status_code=201, dependencies=a_place)
    async def deposit_document(request: Request, caller: Administration) -> Response:
        declared = {
            "declared_type": media_types.declared(request.headers.get("content-type")),
            "name": name_in(request),
            "promised": promised_in(request),
        }
        if (length := announced_length(request)) is not None and length > LARGEST_DOCUMENT:
            raise too_large()
        one = await receiver.begin(caller.code, WAITS, length=length, **declared)
        try:
            await receiver.receive(one, request.stream(), WAITS)
            whole = await receiver.complete(one.id)
        except Exception as error:
            # Where this fails too, the collector does it.
            await receiver.give_up(one.id)
            if isinstance(error, ClientDisconnect):
                return Response(status_code=400)
            if not isinstance(error, WORDED):
                raise
            raise worded(error) from error
        return JSONResponse(
            to_jsonable_python(as_json(whole, scanning=scanning)), 201, {"Location": f"{DOCUMENTS_PATH}/{whole.id}"}
        )

    return router


def name_in(request: Request) -> str | None:
    """The file's name as the client has it. Raises a 400 Problem."""
    try:
        return file_names.name_in(request.headers.get("content-disposition"))
    except ValueError as error:
        raise Problem(400, "invalid-name", str(error)) from None


def promised_in(request: Request) -> str | None:
    """The SHA-256 that the document should have, in hexadecimal. Raises a 400 Problem."""
    try:
        return repr_digest.promised(request.headers.get("repr-digest"))
    except repr_digest.BadDigest:
        detail = f"L’en-tête Repr-Digest est mal formé (RFC 9530) ; exemple : {repr_digest.written('00' * 32)}"
        raise Problem(400, "invalid-digest", detail) from None


def announced_length(request: Request) -> int | None:
    """Bytes, None where the body says no length."""
    length = request.headers.get("content-length")
    return None if length is None else int(length)


def worded(error: StoreFull | DigestDiffers | ObjectMissing | Overtaken) -> Problem:
    """What a document could not be taken in for, as the problem that says so."""
    match error:
        case StoreFull():
            detail = "L’espace de stockage des pièces est plein ; rien de celle-ci n’est gardé. Réessayez plus tard."
            return Problem(507, "storage-full", detail, headers={"Retry-After": "300"})
        case DigestDiffers(promised=promised, sha256=sha256):
            detail = (
                f"Ce qui est arrivé n’a pas l’empreinte annoncée (SHA-256 {sha256} au lieu de {promised}) ; rien n’en "
                "est gardé. Renvoyez la pièce."
            )
            return Problem(400, "digest-mismatch", detail)
        case ObjectMissing():
            return content_missing()
        case Overtaken(kept=None):
            return Problem(404, "unknown-document", "Cette pièce n’existe pas, ou n’est plus attendue.")
        case Overtaken(kept=kept):
            detail = f"Un autre envoi de cette pièce est plus avancé : {kept} octets sont déjà gardés."
            return Problem(409, "overtaken", detail, headers={"Upload-Offset": str(kept)})


def content_missing() -> Problem:
    """503: what was kept of a document is not where it was put."""
    detail = "Le contenu de cette pièce est introuvable dans le stockage ; l’exploitation doit le rétablir."
    return Problem(503, "content-missing", detail, headers={"Retry-After": "300"})
