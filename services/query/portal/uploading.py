"""Files from the browser to intake, passed on as they come, with the person's own token; nothing of them rests here."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, unquote
from uuid import UUID

from fastapi import APIRouter, Request, Response
from infoparquet_contracts.identifiers import LARGEST_DOCUMENT
from starlette.requests import ClientDisconnect

from chassis.errors import Unavailable
from chassis.problems import Problem
from services.query.portal import drafts
from services.query.portal.multipart import Multipart, Part
from services.query.portal.procedure import SCANS
from services.query.portal.shell import Shell, see_other
from services.query.portal.upstream import Declined, Told, Upstream, answered
from services.query.portal.visits import Form, NotSignedIn, Visit, is_own, require_own
from services.query.settings import UPLOADS_PATH

# As a procedure has, or a supplement.
_MOST: Final = 200
_TOO_LARGE: Final = "Cette pièce dépasse 1 Gio : rien n’en est gardé."
_CSRF, _NAME = "x-csrf-token", "x-file-name"


@dataclass
class Received:
    """A form with files: its fields, the documents that intake took in, and what it said of the others, by name."""

    form: Form
    documents: list[dict[str, Any]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def routes(shell: Shell, intake: Upstream) -> APIRouter:
    """`/uploads/…`: one file as it is, from a script, which reads what went wrong."""
    router = APIRouter(include_in_schema=False)

    @router.post(f"{UPLOADS_PATH}document")
    async def document(request: Request) -> Response:
        visit = await _visit(shell, request)
        return _shown(shell, visit, await _whole(intake, visit, request))

    @router.post(f"{UPLOADS_PATH}drafts/{{id}}/document")
    async def draft_document(request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the path
        visit = await _visit(shell, request)
        outcome = await _whole(intake, visit, request)
        if isinstance(outcome, Told):
            added = await drafts.add_document(intake, visit, id, outcome.answer["id"])
            outcome = added if isinstance(added, Declined) else outcome
        return _shown(shell, visit, outcome, draft=id)

    return router


def page_routes(shell: Shell, intake: Upstream) -> APIRouter:
    """The same as a form."""
    router = APIRouter(include_in_schema=False, route_class=shell.route)

    @router.post(f"{UPLOADS_PATH}drafts/{{id}}")
    async def draft_documents(request: Request, id: UUID) -> Response:  # noqa: A002
        visit, received = await receive(shell, intake, request)
        for one in received.documents:
            added = await drafts.add_document(intake, visit, id, one["id"])
            if isinstance(added, Declined):
                received.refused.append((one["name"] or "", added.detail))
        if received.refused:
            return shell.show(visit, "unattached.html", status=400, refused=received.refused, draft=id)
        return see_other(f"/submit/{id}/documents#attached")

    return router


async def receive(shell: Shell, intake: Upstream, request: Request) -> tuple[Visit, Received]:
    """Who sent a form of ours, and what was in it. Raises NotSignedIn, Stale, Problem, Unavailable."""
    visit = require_agent(await shell.visits.visit(request))
    shell.visits.require_origin(request)
    fields: list[tuple[str, str]] = []
    received, own = Received(Form(fields)), True
    try:
        async for part in Multipart(request).parts():
            if part.filename is None:
                fields.append((part.name, await part.text()))
            else:
                # The form begins with its proof: without it nobody's bytes go any further.
                own = own and is_own(visit, received.form.one("csrf"))
                await (_take(intake, visit, part, part.filename, received) if own else part.pass_over())
    except ClientDisconnect:
        raise Problem(400, "cut", "La connexion a été coupée.") from None
    if not own or not is_own(visit, received.form.one("csrf")):
        raise shell.visits.not_own(request, visit, received.form)
    return visit, received


def require_agent(visit: Visit) -> Visit:
    """Raises a 403 Problem for whoever submits nothing."""
    if not visit.is_administration:
        raise Problem(403, "wrong-organisation", "Seules les administrations transmettent des procédures.")
    return visit


async def described(intake: Upstream, visit: Visit, documents: Sequence[str]) -> list[Mapping[str, Any]]:
    """What the person's own documents are, without those that are no more; their ids where intake does not answer."""
    ids = [one for one in documents[:_MOST] if _is_id(one)]
    try:
        known = await asyncio.gather(*(intake.read(visit, f"/v1/documents/{one}/description") for one in ids))
    except Unavailable:
        return [{"id": one} for one in ids]
    return [one for one in known if one is not None]


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


async def _take(intake: Upstream, visit: Visit, part: Part, name: str, received: Received) -> None:
    if not name:
        # A field of the form in which no file was chosen.
        await part.pass_over()
        return
    outcome = await answered(_pass_on(intake, visit, name, part.media_type, part.content))
    if isinstance(outcome, Declined):
        received.refused.append((name, outcome.detail))
        await part.pass_over()
    else:
        received.documents.append(dict(outcome.answer))


async def _visit(shell: Shell, request: Request) -> Visit:
    try:
        visit = await shell.visits.visit(request)
    except NotSignedIn:
        detail = "Votre session est terminée : reconnectez-vous, puis recommencez."
        raise Problem(401, "signed-out", detail) from None
    shell.visits.require_origin(request)
    require_own(visit, request.headers.get(_CSRF, ""))
    return require_agent(visit)


async def _whole(intake: Upstream, visit: Visit, request: Request) -> Told | Declined:
    """The body is the document. Raises Problem, Unavailable."""
    name, media_type = unquote(request.headers.get(_NAME, "")), request.headers.get("content-type", "")
    length = request.headers.get("content-length", "")
    if int(length or 0) > LARGEST_DOCUMENT:
        return Declined(413, _TOO_LARGE, {})
    try:
        return await _pass_on(intake, visit, name, media_type, request.stream(), length)
    except ClientDisconnect:
        raise Problem(400, "cut", "La connexion a été coupée.") from None


async def _pass_on(
    intake: Upstream, visit: Visit, name: str, media_type: str, content: AsyncIterator[bytes], length: str = ""
) -> Told | Declined:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    headers |= {"Content-Type": media_type} if media_type else {}
    headers |= {"Content-Length": length} if length else {}
    try:
        return await intake.pass_on(visit, "/v1/documents", _bounded(content), headers)
    except _TooLarge:
        return Declined(413, _TOO_LARGE, {})


class _TooLarge(Exception):  # noqa: N818 - ends a request that is under way
    pass


async def _bounded(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Ends what is too large here: whoever is told in the middle of sending may not hear it."""
    size = 0
    async for piece in content:
        size += len(piece)
        if size > LARGEST_DOCUMENT:
            raise _TooLarge
        yield piece


def _shown(shell: Shell, visit: Visit, outcome: Told | Declined, draft: UUID | None = None) -> Response:
    """The document as it stands in the page's list."""
    if isinstance(outcome, Declined):
        raise Problem(outcome.status, "document-refused", outcome.detail)
    return shell.show(visit, "attached.html", status=201, document=outcome.answer, draft=draft, scans=SCANS)
