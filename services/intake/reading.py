"""HTTP out: a document's bytes and what is known of it, to those its dossier concerns; who reads bytes is recorded.

To anybody else it does not exist, and saying so takes as long as for one that does not.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.identity import Caller, only
from chassis.problems import Problem
from chassis.service import Parts
from services.intake import documents_store, repr_digest, store
from services.intake.contents import Contents
from services.intake.depositing import DOCUMENTS_PATH, content_missing
from services.intake.document_shown import ScanState, as_json, may_be_read, scan_state
from services.intake.documents_store import Document, DocumentState
from services.intake.dossiers import NotFound, found, may_read
from services.intake.file_names import attachment
from services.intake.objects import ObjectMissing
from services.intake.spans import Asked, NotSatisfiable, Span, is_known, span_of

UNKNOWN = NotFound("unknown-document", "Aucune pièce ne porte cet identifiant.")
# A scanner that is down is asked again after as long.
SCAN_RETRY_SECONDS = 30
Reader = Annotated[Caller, Depends(only("administration", "tribunal"))]
# The bytes that are asked for, None where the client has them.
Shown = tuple[Document, Span | None]


def routes(parts: Parts, contents: Contents, *, scanning: bool) -> APIRouter:
    """`GET` and `HEAD` of `/v1/documents/{id}`, and its description."""
    router = APIRouter(tags=["pièces"])

    @router.get(f"{DOCUMENTS_PATH}/{{id}}/description", summary="Ce qu’est une pièce, et où en est son analyse")
    async def describe_document(id: UUID, caller: Reader) -> dict[str, Any]:  # noqa: A002 - the name in the path
        async def look() -> Document | None:
            async with parts.engine.connect() as connection:
                return await _readable(connection, id, caller)

        return as_json(await found(parts, look, UNKNOWN), scanning=scanning)

    @router.get(f"{DOCUMENTS_PATH}/{{id}}", summary="Le contenu d’une pièce")
    async def read_document(id: UUID, request: Request, caller: Reader) -> Response:  # noqa: A002
        asked = _asked(request)

        async def look() -> Shown | None:
            async with parts.transactions.begin() as transaction:
                shown = await _shown(transaction.connection, id, caller, asked, scanning=scanning)
                if shown is not None and shown[1] is not None:
                    await documents_store.record_reading(transaction, id, shown[1].bytes, caller)
                return shown

        one, span = await found(parts, look, UNKNOWN)
        return _told(one, span) if span is None else await _answer(contents, one, span)

    @router.head(f"{DOCUMENTS_PATH}/{{id}}", include_in_schema=False)
    async def know_document(id: UUID, request: Request, caller: Reader) -> Response:  # noqa: A002
        # A range is of what GET sends.
        asked = replace(_asked(request), range=None)

        async def look() -> Shown | None:
            async with parts.engine.connect() as connection:
                return await _shown(connection, id, caller, asked, scanning=scanning)

        return _told(*await found(parts, look, UNKNOWN))

    return router


def _asked(request: Request) -> Asked:
    return Asked(*(request.headers.get(name) for name in ("range", "if-range", "if-none-match")))


async def _shown(
    connection: AsyncConnection, id_: UUID, caller: Caller, asked: Asked, *, scanning: bool
) -> Shown | None:
    """None where it is nothing to the caller. Raises Problem."""
    one = await _readable(connection, id_, caller)
    if one is None:
        return None
    _require_scan(one, scanning=scanning)
    return one, _span(asked, one)


async def _readable(connection: AsyncConnection, id_: UUID, caller: Caller) -> Document | None:
    """A whole document of the caller's, or of a dossier that the caller may read."""
    one = await documents_store.find(connection, id_)
    if one is None or one.state is not DocumentState.WHOLE:
        return None
    if not (caller.kind == "administration" and caller.code == one.administration):
        procedure = None if one.procedure_id is None else await store.find(connection, one.procedure_id)
        if procedure is None or not may_read(caller, procedure.administration, procedure.state):
            return None
    return one


def _require_scan(one: Document, *, scanning: bool) -> None:
    state = scan_state(one, scanning=scanning)
    if state is ScanState.INFECTED:
        detail = f"Un programme malveillant est dans cette pièce ({one.signature}) : elle n’est pas remise."
        raise Problem(409, "document-infected", detail)
    if not may_be_read(state):
        detail = "Cette pièce n’est pas encore passée par l’antivirus ; redemandez-la dans un instant."
        raise Problem(409, "document-not-scanned", detail, headers={"Retry-After": str(SCAN_RETRY_SECONDS)})


def _span(asked: Asked, one: Document) -> Span | None:
    """The bytes to be sent, None where the client has them."""
    if is_known(asked, str(one.sha256)):
        return None
    try:
        return span_of(asked, one.bytes, str(one.sha256))
    except NotSatisfiable:
        detail = f"La plage demandée est hors de la pièce, qui compte {one.bytes} octets."
        raise Problem(416, "range", detail, headers={"Content-Range": f"bytes */{one.bytes}"}) from None


def _headers(one: Document) -> dict[str, str]:
    return {
        "ETag": f'"{one.sha256}"',
        "Repr-Digest": repr_digest.written(str(one.sha256)),
        "Accept-Ranges": "bytes",
        "Content-Disposition": attachment(one.name or ""),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }


def _content_headers(one: Document, span: Span) -> dict[str, str]:
    # As a media type it would be given a character set, which nobody knows.
    told = {"Content-Type": str(one.media_type), "Content-Length": str(len(span.bytes))}
    if span.partial:
        told["Content-Range"] = f"bytes {span.bytes.start}-{span.bytes.stop - 1}/{one.bytes}"
    return _headers(one) | told


def _told(one: Document, span: Span | None) -> Response:
    """All but the bytes."""
    if span is None:
        return Response(status_code=304, headers=_headers(one))
    return Response(headers=_content_headers(one, span))


async def _answer(contents: Contents, one: Document, span: Span) -> Response:
    # The first piece before any is promised: what is not there is still a problem then.
    try:
        pieces = contents.read(await contents.located(one), span.bytes)
        first = await anext(pieces, b"")
    except ObjectMissing:
        raise content_missing() from None
    return StreamingResponse(_all(first, pieces), 206 if span.partial else 200, _content_headers(one, span))


async def _all(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in others:
        yield piece
