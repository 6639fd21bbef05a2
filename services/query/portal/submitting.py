"""An agent submits a procedure: steps to fill in, the competent court, send; the number is on the next page.

What is typed is kept as a draft at each step, under the version that the page showed: who writes over another window's
is told. The draft's id is the idempotency key of what is sent.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response

from chassis.clock import new_id
from chassis.errors import Unavailable
from chassis.problems import Problem
from reference.bundle import Reference
from services.query.portal import drafts
from services.query.portal.asking import Asking
from services.query.portal.drafts import Draft
from services.query.portal.given_back import AGAIN
from services.query.portal.procedure import Unseen, caught_up, seen, transmitted
from services.query.portal.shell import Shell, see_other
from services.query.portal.steps import BY_NAME, LISTS, STEPS, Step
from services.query.portal.submission import body_of, told, with_another, without
from services.query.portal.uploading import require_agent
from services.query.portal.upstream import Declined, Upstream
from services.query.portal.visits import Form, Stale, Visit

log = structlog.get_logger()
# Seconds that the number is waited for.
_WAIT = 5
_CONFLICT = (
    "Ce brouillon a été modifié dans une autre fenêtre : rien n’y a été remplacé. Enregistrez de nouveau pour garder "
    "ce qui est affiché ici, ou rouvrez le brouillon pour reprendre ce qui est enregistré."
)
_GONE = (
    "Ce brouillon a été transmis ou supprimé dans une autre fenêtre. Ce que vous venez de saisir est gardé si vous "
    "l’enregistrez : ce sera un nouveau brouillon."
)
_UNKEPT = (
    "Le service des dossiers ne répond pas : ce que vous venez de saisir n’est pas encore enregistré. Gardez cette "
    "page ouverte et recommencez dans un moment."
)


def routes(shell: Shell, intake: Upstream, reference: Callable[[], Reference]) -> APIRouter:
    """`/submit`."""
    router = APIRouter(include_in_schema=False, route_class=shell.route)

    def asking(visit: Visit) -> Asking:
        return Asking(shell, intake, reference(), require_agent(visit))

    @router.get("/submit")
    async def begin(request: Request, deleted: bool = False) -> Response:
        return await asking(await shell.visits.visit(request)).begin(Draft(new_id()), deleted=deleted)

    @router.get("/submit/{id}/{step}")
    async def show(request: Request, id: UUID, step: str, kept: bool = False, checked: bool = False) -> Response:  # noqa: A002
        asked, shown = asking(await shell.visits.visit(request)), _step(step)
        draft = await drafts.find(intake, asked.visit, id)
        return await asked.step(shown, draft, kept=kept, checked=checked)

    @router.post("/submit/{id}/{step}")
    async def fill(request: Request, id: UUID, step: str) -> Response:  # noqa: A002
        try:
            visit, form = await shell.visits.posted(request)
        except Stale as stale:
            return await _given_back(asking(stale.visit), id, step, stale)
        match step:
            case "send":
                return await _send(shell, asking(visit), id, form)
            case "delete":
                await drafts.forget(intake, require_agent(visit), id)
                return see_other("/submit?deleted=true#said")
        return await _filled(asking(visit), id, _step(step), form)

    @router.post("/submit/{id}/documents/{document}/delete")
    async def remove(request: Request, id: UUID, document: UUID) -> Response:  # noqa: A002
        visit, _ = await shell.visits.posted(request)
        await drafts.remove_document(intake, require_agent(visit), id, document)
        return see_other(f"/submit/{id}/documents#attached")

    return router


def _step(name: str) -> Step:
    if name not in BY_NAME:
        raise Problem(404, "unknown-page", "Cette page n’existe pas.")
    return BY_NAME[name]


async def _given_back(asked: Asking, one: UUID, name: str, stale: Stale) -> Response:
    """Nothing is done that another session's page was asked for; it is shown again, to be sent from this one."""
    match name:
        case "send":
            return await asked.recap(await drafts.find(asked.intake, asked.visit, one), said=AGAIN, status=403)
        case "delete":
            raise stale
    step, before = _step(name), _version(stale.form)
    typed = _typed(step, stale.form, "", "")
    try:
        draft = replace(_merged(await _there(asked, one, before), step, typed), version=before)
    except Unavailable:
        draft = Draft(one, before, typed)
    except Problem as problem:
        if problem.kind != "unknown-draft":
            raise
        draft = Draft(new_id(), 0, typed)
    return await asked.step(step, draft, said=AGAIN, status=403)


def _version(form: Form) -> int:
    """Of the draft, as the page showed it."""
    return int(form.one("version")) if form.one("version").isdecimal() else 0


async def _filled(asked: Asking, one: UUID, step: Step, form: Form) -> Response:
    """Keep what was typed in a step, and do what its button says."""
    action, _, which = form.one("do").partition(":")
    before = _version(form)
    typed = _typed(step, form, action, which)
    try:
        there = await _there(asked, one, before)
        draft = _merged(there, step, typed)
        # Sent twice, by a double click or a reload, it is one.
        same = bool(there.version) and draft.typed == there.typed
        kept = there if same else await drafts.keep(asked.intake, asked.visit, draft, before)
    except Unavailable:
        return await asked.step(step, Draft(one, before, typed), said=_UNKEPT, status=503)
    except Problem as problem:
        if problem.kind != "unknown-draft":
            raise
        return await asked.step(step, Draft(new_id(), 0, typed), said=_GONE, status=409)
    if isinstance(kept, Declined):
        conflict = kept.status == 412
        return await asked.step(step, draft, said=_CONFLICT if conflict else kept.detail, status=kept.status)
    return await _after(asked, step, kept, action, which)


def _typed(step: Step, form: Form, action: str, which: str) -> Mapping[str, str]:
    """What stands in the fields of a step, with a row more or less where its button asks for that."""
    given = form.below(step.names)
    if action == "remove":
        many, _, number = which.partition("/")
        given = without(given, many, number)
    typed = told(step, given)
    return with_another(typed, which)[0] if action == "add" and which in LISTS else typed


async def _there(asked: Asking, one: UUID, before: int) -> Draft:
    """The draft as it is kept; of one that begins, nothing. Raises a 404 Problem, Unavailable."""
    try:
        return await drafts.find(asked.intake, asked.visit, one)
    except Problem:
        if before:
            raise
        return Draft(one)


def _merged(there: Draft, step: Step, typed: Mapping[str, str]) -> Draft:
    """With this step as it was just typed; of the version that is there now."""
    own = {entry.name for entry in step.entries(there.typed)}
    others = {name: value for name, value in there.typed.items() if name not in own}
    return Draft(there.id, there.version, others | dict(typed), there.documents)


async def _after(asked: Asking, step: Step, draft: Draft, action: str, which: str) -> Response:
    here, place = f"/submit/{draft.id}", STEPS.index(step)
    match action:
        case "add" if which in LISTS:
            number = len(LISTS[which].rows(draft.typed)) - 1
            return see_other(f"{here}/{step.name}#{which}/{number}")
        case "remove":
            return see_other(f"{here}/{step.name}#more-{which.partition('/')[0]}")
        case "save":
            return see_other(f"{here}/{step.name}?kept=true#said")
        case "back":
            return see_other(f"{here}/{STEPS[max(place - 1, 0)].name}")
    errors = await asked.errors(step, draft)
    if errors:
        return await asked.step(step, draft, errors=errors, status=400)
    return see_other(f"{here}/{STEPS[place + 1].name}")


async def _send(shell: Shell, asked: Asking, one: UUID, form: Form) -> Response:
    visit, intake = asked.visit, asked.intake
    draft = await drafts.find(intake, visit, one)
    if form.one("version") != str(draft.version):
        return await asked.recap(draft, said="Ce brouillon vient d’être modifié : vérifiez-le de nouveau.", status=409)
    outcome = await intake.tell(visit, "/v1/procedures", body_of(draft.typed) | draft.attached, str(one), wait=_WAIT)
    if isinstance(outcome, Declined):
        return await asked.recap(draft, said=outcome.detail, status=outcome.status)
    await _forget(asked, one)
    procedure, number = UUID(str(outcome.answer["id"])), outcome.answer.get("number")
    try:
        await seen(shell, visit, procedure)
    except Unseen:
        return transmitted(shell, visit, procedure, str(outcome.answer["reference"]), number)
    if number:
        await caught_up(shell, visit, procedure, lambda found: found.state.number is not None)
    return see_other(f"/procedures/{procedure}?said=submitted#said")


async def _forget(asked: Asking, one: UUID) -> None:
    """What stays of a draft that was sent is seen in the list, and is the same procedure when it is sent again."""
    try:
        await drafts.forget(asked.intake, asked.visit, one)
    except Unavailable:
        log.warning("portal.draft_left")
