"""A procedure's page: where it stands, what was said of it, its dossier and documents, and what may be said next."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
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
from infoparquet_contracts.identifiers import LARGEST_DOCUMENT
from starlette.types import Receive, Scope, Send

from chassis.clock import new_id
from chassis.doorbell import first_found
from chassis.errors import Unavailable
from chassis.problems import Problem
from services.query import feed_store
from services.query.answers import show_procedure, show_relatives
from services.query.api import find_now, relatives_now
from services.query.cursor import write_place
from services.query.portal.choices import coded, offered_replies
from services.query.portal.messages import read_messages
from services.query.portal.shell import Shell
from services.query.portal.steps import PERSON_ROLES
from services.query.portal.upstream import Declined, Upstream, dossier_path
from services.query.portal.visits import Form, Visit
from services.query.related import occurrence_of
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
_UNSEEN_SO_FAR: Final = (
    "Le suivi ne montre pas encore de procédure sous cet identifiant, et le service des dossiers ne répond pas : "
    "rechargez la page dans un moment."
)
# Beside the dossier's codes.
_WORDS: Final[Mapping[str, str]] = dict(coded(Ground)) | dict(PERSON_ROLES)
WITHDRAWALS: Final = coded(WithdrawalReason)
SCANS: Final[Mapping[str, str]] = {
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
    attached: Sequence[Mapping[str, Any]] = ()


def routes(shell: Shell, intake: Upstream, routing: Upstream) -> APIRouter:
    """`/procedures/{id}` and its documents."""
    router = APIRouter(include_in_schema=False, route_class=shell.route)

    @router.get("/procedures/{id}")
    async def procedure(request: Request, id: UUID, said: str = "", late: bool = False) -> Response:  # noqa: A002
        visit = await shell.visits.visit(request)
        try:
            found = await seen(shell, visit, id)
        except Unseen:
            if said != "submitted" or not visit.is_administration:
                raise
            return await _show_transmitted(shell, intake, visit, id)
        return await show(shell, intake, routing, visit, found, said=SAID.get(said), late=late)

    @router.get("/procedures/{id}/documents/{document}")
    async def document(request: Request, id: UUID, document: UUID) -> Response:  # noqa: A002
        visit = await shell.visits.visit(request)
        await seen(shell, visit, id)
        return await _download(intake, visit, document)

    return router


class Unseen(Problem):
    """The view shows this person no such procedure."""

    def __init__(self) -> None:
        detail = "Aucune procédure visible pour votre organisation ne porte cet identifiant."
        super().__init__(404, "unknown-procedure", detail, headers={"Retry-After": "2"})


async def seen(shell: Shell, visit: Visit, one: UUID, patience: float = PATIENCE) -> Procedure:
    """A procedure as much as the person may see of it. Raises Unseen after the time to catch up."""
    look = partial(find_now, shell.parts, procedures.c.id == one, visit.sight)
    found = await first_found(shell.parts.facts_applied, look, patience)
    if found is None:
        raise Unseen
    return as_seen(visit.sight, found)


def transmitted(shell: Shell, visit: Visit, one: UUID, reference: str, number: str | None = None) -> Response:
    """Of a procedure that intake has, and that the view does not show yet."""
    return shell.show(visit, "transmitted.html", status=202, id=one, reference=reference, number=number)


async def caught_up(shell: Shell, visit: Visit, one: UUID, shows: Callable[[Procedure], bool]) -> bool:
    """Whether the view shows what was just said, or the procedure is no longer this person's to see."""

    async def look() -> bool | None:
        found = await find_now(shell.parts, procedures.c.id == one, visit.sight)
        return True if found is None or shows(found) else None

    return await first_found(shell.parts.facts_applied, look, CATCH_UP) is not None


async def show(
    shell: Shell,
    intake: Upstream,
    routing: Upstream,
    visit: Visit,
    found: Procedure,
    *,
    sent: Sent | None = None,
    said: str | None = None,
    late: bool = False,
) -> Response:
    """The page; `sent` is what was just refused, `said` what was just taken, `late` whether it is not shown yet."""
    (dossier, missing), messages, after, relatives = await asyncio.gather(
        _dossier(intake, visit, found),
        read_messages(routing, visit, found.entries),
        _last_fact(shell, found),
        relatives_now(shell.parts, visit.sight, occurrence_of(found)),
    )
    return shell.show(
        visit,
        "procedure.html",
        status=sent.refusal.status if sent else 200,
        **standing(shell, visit, found, str(new_id()) if sent is None else sent.form.key),
        **show_relatives(relatives),
        dossier=dossier,
        dossier_missing=missing,
        messages=messages,
        words_of=_WORDS,
        sent=sent,
        said=said,
        late=late,
        after=after,
    )


def standing(shell: Shell, visit: Visit, found: Procedure, key: str) -> Mapping[str, Any]:
    """What a page is made of as far as it is known here: where it stands, and what may be said next, under that key."""
    state, names = found.state, shell.names()
    over = state.status in (Status.CLOSED, Status.WITHDRAWN)
    return {
        "one": show_procedure(found, names),
        "kind": found.kind.label,
        "formation": None if state.formation is None else state.formation.label,
        "replies": offered_replies(state.status) if _in_hand(visit, found) else [],
        "may_add": visit.is_administration and not over,
        "may_withdraw": visit.is_administration and not over and not state.withdrawal_requested,
        "withdrawals": WITHDRAWALS,
        "scans": SCANS,
        "largest": LARGEST_DOCUMENT,
        "courts": names.all(),
        "key": key,
    }


async def _show_transmitted(shell: Shell, intake: Upstream, visit: Visit, one: UUID) -> Response:
    """The same, where intake confirms it to this person: an address alone says of nothing that it was sent."""
    try:
        dossier = await intake.read(visit, dossier_path(one))
    except Unavailable:
        raise Problem(503, "unavailable", _UNSEEN_SO_FAR, headers={"Retry-After": "2"}) from None
    if dossier is None:
        raise Unseen
    return transmitted(shell, visit, one, str(dossier["reference"]))


async def _last_fact(shell: Shell, found: Procedure) -> str | None:
    """The cursor of the last fact that is shown, after which the page goes on; None where the feed has it not yet."""
    async with shell.parts.engine.connect() as connection:
        place = await feed_store.place_of(connection, found.entries[-1].event.id)
    return None if place is None else write_place(place)


def _in_hand(visit: Visit, found: Procedure) -> bool:
    return visit.is_court and has_in_hand(visit.caller.code, found.state)


async def _dossier(intake: Upstream, visit: Visit, found: Procedure) -> tuple[Mapping[str, Any] | None, str | None]:
    """The dossier, or why it is not shown: the rest of the page stands without it. Neither for those not entitled."""
    if not (visit.is_administration or _in_hand(visit, found)):
        return None, None
    try:
        dossier = await intake.read(visit, dossier_path(found.id))
    except Unavailable:
        log.warning("portal.dossier_unavailable", procedure=str(found.id))
        return None, "Le service des dossiers ne répond pas pour l’instant ; rechargez la page dans un moment."
    if dossier is None:
        return None, "Le dossier n’est pas accessible à votre organisation."
    return dossier, None


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
