"""HTTP in: a document in as many requests as it takes, by tus 1.0.0 (creation, expiration, termination).

What was kept of a request that was cut counts; the next one goes on after it, on any replica.
"""

from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from infoparquet_contracts.identifiers import LARGEST_DOCUMENT
from starlette.requests import ClientDisconnect

from chassis import idempotency
from chassis.problems import Problem
from services.intake import documents_store, media_types, tus_headers
from services.intake.api import Administration, require_type
from services.intake.arriving import too_large
from services.intake.depositing import WORDED, promised_in, worded
from services.intake.documents_store import Document, DocumentState
from services.intake.file_names import kept
from services.intake.receiving import Receiver

UPLOADS_PATH = "/v1/uploads"
UPLOAD_PATH = f"{UPLOADS_PATH}/{{id}}"
# From the last byte on.
WAITS = timedelta(days=1)


async def _tus(request: Request, caller: Administration) -> None:  # noqa: ARG001 - who calls is known first
    tus_headers.require_version(request.headers.get("tus-resumable"))


TUS = [Depends(_tus)]
SPOKEN = {"Tus-Resumable": tus_headers.VERSION}


def routes(receiver: Receiver) -> APIRouter:
    """`/v1/uploads`."""
    uploads = Uploads(receiver)
    router = APIRouter(tags=["envois"])

    @router.options(UPLOADS_PATH, include_in_schema=False)
    async def capabilities() -> Response:
        told = {"Tus-Version": tus_headers.VERSION, "Tus-Extension": tus_headers.EXTENSIONS}
        return _answer(204, {**told, "Tus-Max-Size": str(LARGEST_DOCUMENT)})

    @router.post(UPLOADS_PATH, summary="Annonce une pièce", status_code=201, dependencies=TUS)
    async def begin_upload(request: Request, caller: Administration) -> Response:
        one = await uploads.begin(request, caller.code)
        return _answer(201, {"Location": f"{UPLOADS_PATH}/{one.id}", **_where(one)})

    @router.head(UPLOAD_PATH, include_in_schema=False, dependencies=TUS)
    async def upload_state(id: UUID, caller: Administration) -> Response:  # noqa: A002 - the name in the path
        one = await uploads.find(id, caller.code)
        if await receiver.settle(id):
            one = await uploads.find(id, caller.code)
        return _answer(200, {**_where(one), **_told(one), "Cache-Control": "no-store"})

    a_place = [*TUS, Depends(receiver.places.take)]

    @router.patch(UPLOAD_PATH, summary="Poursuit l’envoi d’une pièce", status_code=204, dependencies=a_place)
    async def go_on(id: UUID, request: Request, caller: Administration) -> Response:  # noqa: A002
        require_type(request, [tus_headers.OFFSETS])
        return _answer(204, _where(await uploads.go_on(await uploads.find(id, caller.code), request)))

    @router.delete(UPLOAD_PATH, summary="Abandonne l’envoi d’une pièce", status_code=204, dependencies=TUS)
    async def give_up(id: UUID, caller: Administration) -> Response:  # noqa: A002
        one = await uploads.find(id, caller.code)
        if not await receiver.give_up(one.id):
            raise Problem(409, "document-attached", "Cette pièce est jointe à une procédure : elle est conservée.")
        return _answer(204, {})

    return router


@dataclass(frozen=True)
class Uploads:
    """Documents that come in several requests."""

    receiver: Receiver

    async def begin(self, request: Request, administration: str) -> Document:
        """One of which nothing has come; whole at once if it is empty. Raises Problem."""
        headers = request.headers
        length = tus_headers.number("Upload-Length", headers.get("upload-length"))
        if length > LARGEST_DOCUMENT:
            raise too_large()
        told = tus_headers.metadata(headers.get("upload-metadata"))
        announced = {
            "length": length,
            "name": _name(told.get("filename")),
            "declared_type": media_types.declared(told.get("filetype")),
            "promised": promised_in(request),
        }
        # Of what says the same in other words, the first is kept.
        kept_as = {
            "key": _key(headers.get("idempotency-key")),
            "upload_metadata": headers.get("upload-metadata") or None,
        }
        one = await self.receiver.begin(administration, WAITS, **kept_as, **announced)
        if any(getattr(one, name) != value for name, value in announced.items()):
            raise idempotency.contradicted()
        return await self._completed(one)

    async def find(self, one: UUID, administration: str) -> Document:
        """One of the administration's, whole where all of it has come. Raises a 404 Problem."""
        async with self.receiver.turns.connect() as connection:
            found = await documents_store.find(connection, one)
        if found is None or found.administration != administration or found.length is None:
            raise Problem(404, "unknown-document", "Aucun envoi ne porte cet identifiant.")
        return await self._completed(found)

    async def go_on(self, one: Document, request: Request) -> Document:
        """Take what comes after what there is. Raises Problem."""
        if tus_headers.number("Upload-Offset", request.headers.get("upload-offset")) != one.bytes:
            detail = f"L’envoi doit reprendre à l’octet {one.bytes} (en-tête Upload-Offset)."
            raise Problem(409, "wrong-offset", detail, headers={"Upload-Offset": str(one.bytes)})
        try:
            await self.receiver.receive(one, request.stream(), WAITS)
        except ClientDisconnect:
            # Nobody is left to read what is answered.
            raise Problem(400, "cut", "La connexion a été coupée.") from None
        except WORDED as error:
            raise worded(error) from error
        return await self.find(one.id, one.administration)

    async def _completed(self, one: Document) -> Document:
        if one.state is DocumentState.WHOLE or one.bytes != one.length:
            return one
        try:
            return await self.receiver.complete(one.id)
        except WORDED as error:
            raise worded(error) from error


def _key(sent: str | None) -> str | None:
    """Whoever announces the same under the same key goes on where it was, without having kept its address."""
    if sent is not None and not idempotency.is_key(sent):
        raise idempotency.malformed()
    return sent


def _name(sent: str | None) -> str | None:
    try:
        return None if sent is None else kept(sent)
    except ValueError as error:
        raise Problem(400, "invalid-name", str(error)) from None


def _where(one: Document) -> dict[str, str]:
    """How far it has come, and until when it is kept."""
    told = {"Upload-Offset": str(one.bytes)}
    if one.expires_at is not None:
        told["Upload-Expires"] = format_datetime(one.expires_at, usegmt=True)
    return told


def _told(one: Document) -> dict[str, str]:
    """What was announced, as it was."""
    told = {"Upload-Length": str(one.length)}
    if one.upload_metadata is not None:
        told["Upload-Metadata"] = one.upload_metadata
    return told


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(status_code=status, headers=SPOKEN | headers)
