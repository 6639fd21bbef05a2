"""HTTP in and out: what people have begun to write and not sent. To anybody but its writer a draft does not exist.

`If-Match` names the version that is replaced, as `ETag` gave it; `If-None-Match: *` begins one.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from pydantic_core import to_jsonable_python

from chassis.problems import Problem
from chassis.service import Parts
from services.intake import drafts_store
from services.intake.api import JSON_TYPES, Administration, require_type
from services.intake.document_shown import as_json
from services.intake.drafts_store import Changed, Draft, TooMany, UnknownDocument, UnknownDraft
from services.intake.receiving import Receiver
from services.intake.submission import Line, Sent, Unreadable, read
from services.intake.supplements import refused

DRAFTS_PATH: Final = "/v1/drafts"
_ETAG: Final = re.compile(r'"([0-9]{1,9})"')


class DraftBody(Sent):
    """The body of `PUT /v1/drafts/{id}`: what is in `content` is the writer's own affair."""

    title: Line = ""
    content: Annotated[dict[str, Any], Field(description="Ce qui est écrit, dans la forme qu’on veut.")]


def routes(parts: Parts, receiver: Receiver, *, scanning: bool) -> APIRouter:
    """`/v1/drafts`."""
    router = APIRouter(tags=["brouillons"])

    @router.get(DRAFTS_PATH, summary="Vos brouillons")
    async def drafts(caller: Administration) -> dict[str, Any]:
        async with parts.engine.connect() as connection:
            return {"drafts": await drafts_store.of_person(connection, caller, parts.clock())}

    @router.get(f"{DRAFTS_PATH}/{{id}}", summary="Un brouillon")
    async def draft(id: UUID, caller: Administration) -> Response:  # noqa: A002 - the name in the path
        async with parts.engine.connect() as connection:
            found = await drafts_store.find(connection, caller, id, parts.clock())
            if found is None:
                raise _unknown()
            held = await drafts_store.documents_of(connection, id)
        shown = to_jsonable_python(found) | {"documents": [as_json(one, scanning=scanning) for one in held]}
        return JSONResponse(to_jsonable_python(shown), headers=_version(found))

    @router.put(f"{DRAFTS_PATH}/{{id}}", summary="Garde un brouillon", status_code=204)
    async def keep_draft(id: UUID, request: Request, caller: Administration) -> Response:  # noqa: A002
        require_type(request, JSON_TYPES)
        before, body = _replaced(request), _body(await request.body())
        async with parts.transactions.begin() as transaction:
            now = transaction.now
            draft = Draft(id, body.title, body.content, before + 1, now, now + drafts_store.KEPT)
            save = drafts_store.replace if before else drafts_store.begin
            with _refused():
                await save(transaction.connection, caller, draft)
        return Response(status_code=204, headers=_version(draft))

    @router.delete(f"{DRAFTS_PATH}/{{id}}", summary="Supprime un brouillon et ses pièces", status_code=204)
    async def delete_draft(id: UUID, caller: Administration) -> None:  # noqa: A002
        with _refused():
            async with parts.transactions.begin() as transaction:
                held = await drafts_store.forget(transaction.connection, caller, id)
        for document in held:
            await receiver.give_up(document)

    _document_routes(router, parts, receiver)
    return router


def _document_routes(router: APIRouter, parts: Parts, receiver: Receiver) -> None:
    @router.put(f"{DRAFTS_PATH}/{{id}}/documents/{{document}}", summary="Met une pièce au brouillon", status_code=204)
    async def add_document(id: UUID, document: UUID, caller: Administration) -> None:  # noqa: A002
        with _refused():
            async with parts.transactions.begin() as transaction:
                await drafts_store.add(transaction.connection, caller, id, document, transaction.now)

    @router.delete(
        f"{DRAFTS_PATH}/{{id}}/documents/{{document}}", summary="Retire une pièce et l’efface", status_code=204
    )
    async def remove_document(id: UUID, document: UUID, caller: Administration) -> None:  # noqa: A002
        with _refused():
            async with parts.transactions.begin() as transaction:
                await drafts_store.remove(transaction.connection, caller, id, document)
        await receiver.give_up(document)


def _replaced(request: Request) -> int:
    """The version that is replaced; 0 where a draft is begun. Raises a 428 Problem."""
    if request.headers.get("if-none-match") == "*":
        return 0
    named = _ETAG.fullmatch(request.headers.get("if-match", ""))
    if named is None:
        detail = "Dites quelle version est remplacée : If-Match avec son ETag, ou If-None-Match: * pour une première."
        raise Problem(428, "version-required", detail)
    return int(named[1])


def _body(body: bytes) -> DraftBody:
    try:
        return read(body, DraftBody).understood
    except Unreadable as error:
        raise refused(error) from None


def _version(draft: Draft) -> dict[str, str]:
    return {"ETag": f'"{draft.version}"', "Cache-Control": "no-store"}


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except UnknownDraft:
        raise _unknown() from None
    except UnknownDocument:
        detail = "Cette pièce n’est pas de votre administration, n’est pas entière, ou est jointe ailleurs."
        raise Problem(404, "unknown-document", detail) from None
    except Changed:
        raise Problem(412, "draft-changed", "Ce brouillon a été modifié entre-temps ; relisez-le d’abord.") from None
    except TooMany:
        detail = f"{drafts_store.MOST} brouillons au plus, de {drafts_store.MOST_DOCUMENTS} pièces : supprimez-en."
        raise Problem(409, "too-many", detail) from None


def _unknown() -> Problem:
    return Problem(404, "unknown-draft", "Aucun de vos brouillons ne porte cet identifiant.")
