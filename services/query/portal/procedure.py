"""A procedure's page: where it stands, what was said of it, its dossier and documents, and what may be said next."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

import httpx
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from infoparquet_contracts.codes import Ground, Status, WithdrawalReason
from starlette.types import Receive, Scope, Send

from chassis.clock import new_id
from chassis.doorbell import first_found
from chassis.errors import Unavailable
from chassis.problems import Problem
from services.query.answers import show_procedure
from services.query.api import find_now
from services.query.portal.choices import offered_replies
from services.query.portal.shell import Shell
from services.query.portal.upstream import Declined, Upstream, dossier_path
from services.query.portal.visits import Form, Visit
from services.query.rights import as_seen, has_in_hand
from services.query.store import procedures
from services.query.timeline import Procedure

log = structlog.get_logger()
# Seconds that a procedure is waited for, as somebody may come here right after it was accepted.
PATIENCE: Final = 2.0
# Seconds that what was just said is waited for, so that the next page shows it.
CATCH_UP: Final = 3.0
# What a document's answer passes on; of what type it is, the browser is not told: it is a file to be saved.
_PASSED_ON: Final = ("content-disposition", "content-length", "repr-digest")
SAID: Final[Mapping[str, str]] = {
    "submitted": "La procédure est transmise.",
    "acknowledged": "La prise en charge est enregistrée.",
    "registered": "L’enregistrement au bureau d’ordre est noté.",
    "supplement-requested": "La demande de complément est transmise à l’administration.",
    "declined": "Le déclin de compétence est enregistré.",
    "assigned": "L’attribution est enregistrée.",
    "decided": "La décision est enregistrée.",
    "closed": "La procédure est close.",
    "supplement": "Le complément est transmis.",
    "withdrawal": "La demande de retrait est transmise.",
}
# Beside the dossier's codes.
_WORDS: Final[Mapping[str, str]] = {ground.value: ground.label for ground in Ground} | {
    "suspect": "Mise en cause",
    "victim": "Victime",
    "witness": "Témoin",
    "other": "Autre",
}
WITHDRAWALS: Final = [(one.value, one.label) for one in WithdrawalReason]
_SCANS: Final[Mapping[str, str]] = {
    "waiting": "Analyse antivirus en cours : la pièce pourra être lue ensuite.",
    "delayed": "L’antivirus ne répond pas : la pièce pourra être lue après son analyse.",
    "infected": "Programme malveillant détecté : la pièce n’est pas remise.",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that was refused, to be shown again with what was typed."""

    which: str
    form: Form
    refusal: Declined


def routes(shell: Shell, intake: Upstream) -> APIRouter:
    """`/procedures/{id}` and its documents."""
    router = APIRouter(include_in_schema=False, route_class=shell.route)

    @router.get("/procedures/{id}")
    async def procedure(request: Request, id: UUID, said: str = "", late: bool = False) -> Response:  # noqa: A002
        visit = await shell.visits.visit(request)
        found = await seen(shell, visit, id)
        return await show(shell, intake, visit, found, said=SAID.get(said), late=late)

    @router.get("/procedures/{id}/documents/{document}")
    async def document(request: Request, id: UUID, document: UUID) -> Response:  # noqa: A002
        visit = await shell.visits.visit(request)
        await seen(shell, visit, id)
        return await _download(intake, visit, document)

    return router


async def seen(shell: Shell, visit: Visit, one: UUID) -> Procedure:
    """A procedure as much as the person may see of it. Raises Problem 404 after the time to catch up."""
    look = partial(find_now, shell.parts, procedures.c.id == one, visit.sight)
    found = await first_found(shell.parts.facts_applied, look, PATIENCE)
    if found is None:
        detail = "Aucune procédure visible pour votre organisation ne porte cet identifiant."
        raise Problem(404, "unknown-procedure", detail, headers={"Retry-After": "2"})
    return as_seen(visit.sight, found)


async def caught_up(shell: Shell, visit: Visit, one: UUID, shows: Callable[[Procedure], bool]) -> bool:
    """Whether the view shows what was just said, or the procedure is no longer this person's to see."""

    async def look() -> bool | None:
        found = await find_now(shell.parts, procedures.c.id == one, visit.sight)
        return True if found is None or shows(found) else None

    return await first_found(shell.parts.facts_applied, look, CATCH_UP) is not None


async def show(
    shell: Shell,
    intake: Upstream,
    visit: Visit,
    found: Procedure,
    *,
    sent: Sent | None = None,
    said: str | None = None,
    late: bool = False,
) -> Response:
    """The page; `sent` is what was just refused, `said` what was just taken, `late` whether it is not shown yet."""
    state = found.state
    in_hand = visit.is_court and has_in_hand(visit.caller.code, state)
    entitled = in_hand or visit.is_administration
    dossier, missing = await _dossier(intake, visit, found.id) if entitled else (None, None)
    names = shell.names()
    return shell.show(
        visit,
        "procedure.html",
        status=sent.refusal.status if sent else 200,
        one=show_procedure(found, names),
        kind=found.kind.label,
        formation=None if state.formation is None else state.formation.label,
        dossier=dossier,
        dossier_missing=missing,
        words_of=_WORDS,
        scans=_SCANS,
        replies=offered_replies(state.status) if in_hand else [],
        may_add=visit.is_administration and state.status not in (Status.CLOSED, Status.WITHDRAWN),
        may_withdraw=visit.is_administration
        and state.status not in (Status.CLOSED, Status.WITHDRAWN)
        and not state.withdrawal_requested,
        withdrawals=WITHDRAWALS,
        courts=names.all(),
        key=str(new_id()) if sent is None else sent.form.key,
        sent=sent,
        said=said,
        late=late,
    )


async def _dossier(intake: Upstream, visit: Visit, one: UUID) -> tuple[Mapping[str, Any] | None, str | None]:
    """The dossier, or why it is not shown: the rest of the page stands without it."""
    try:
        found = await intake.read(visit, dossier_path(one))
    except Unavailable:
        log.warning("portal.dossier_unavailable", procedure=str(one))
        return None, "Le service des dossiers ne répond pas pour l’instant ; rechargez la page dans un moment."
    if found is None:
        return None, "Le dossier n’est pas accessible à votre organisation."
    return found, None


async def _download(intake: Upstream, visit: Visit, document: UUID) -> Response:
    """The bytes as they come: opened until the last one is sent or the browser goes."""
    async with AsyncExitStack() as opening:
        answer = await opening.enter_async_context(intake.stream(visit, f"/v1/documents/{document}"))
        if answer.status_code != httpx.codes.OK:
            await answer.aread()
            raise _unreadable(answer)
        headers = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
        headers.setdefault("content-disposition", "attachment")
        headers |= {
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        opened = opening.pop_all()

    return _Passed(opened, answer, headers)


class _Passed(StreamingResponse):
    """Closes what was opened, whether or not the browser waited for the first byte."""

    def __init__(self, opened: AsyncExitStack, answer: httpx.Response, headers: Mapping[str, str]) -> None:
        super().__init__(answer.aiter_raw(), headers=headers, media_type="application/octet-stream")
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._opened:
            await super().__call__(scope, receive, send)


def _unreadable(answer: httpx.Response) -> Problem:
    try:
        detail = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = "Cette pièce n’a pas pu être lue."
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Problem(503, "unavailable", "Le service des dossiers ne répond pas pour l’instant ; réessayez.")
    return Problem(answer.status_code, "unreadable-document", detail)
