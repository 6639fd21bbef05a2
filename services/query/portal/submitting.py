"""An agent submits a procedure: fill in, see the competent court, send; the number is on the next page.

Nothing is kept between the steps: what was typed goes from page to page, and into intake when it is sent.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from chassis.clock import new_id
from chassis.problems import Problem
from reference.bundle import Reference
from services.query.portal.procedure import caught_up, seen
from services.query.portal.shell import Shell, see_other
from services.query.portal.submission import ENTRIES, FORM, body_of, field_of, suggestions, unresolved
from services.query.portal.upstream import Declined, Upstream, by_field
from services.query.portal.visits import Form, Visit

# Seconds that the number is waited for.
_WAIT = 5
_LONGEST_WORDS = 100


def routes(shell: Shell, intake: Upstream, reference: Callable[[], Reference]) -> APIRouter:
    """`/submit`, and the codes that words stand for."""
    router = APIRouter(include_in_schema=False, route_class=shell.route)

    @router.get("/submit")
    async def form(request: Request) -> Response:
        return _form(shell, _agent(await shell.visits.visit(request)), Form([("key", str(new_id()))]), reference())

    @router.post("/submit/edit")
    async def edit(request: Request) -> Response:
        visit, form = await shell.visits.posted(request)
        return _form(shell, _agent(visit), form, reference())

    @router.post("/submit/check")
    async def check(request: Request) -> Response:
        visit, form = await shell.visits.posted(request)
        _agent(visit)
        return await _checked(shell, intake, reference(), visit, form)

    @router.post("/submit")
    async def submit(request: Request) -> Response:
        visit, form = await shell.visits.posted(request)
        _agent(visit)
        outcome = await intake.tell(visit, "/v1/procedures", body_of(form.one), form.key, wait=_WAIT)
        if isinstance(outcome, Declined):
            return _form(shell, visit, form, reference(), errors=_placed(outcome.fields), refused=outcome.detail)
        one = UUID(str(outcome.answer["id"]))
        await seen(shell, visit, one)
        if outcome.answer.get("number"):
            await caught_up(shell, visit, one, lambda found: found.state.number is not None)
        return see_other(f"/procedures/{one}?said=submitted#said")

    @router.get("/suggestions/{what}")
    async def suggested(request: Request, what: str, q: str = "") -> list[tuple[str, str]]:
        _agent(await shell.visits.visit(request))
        if what not in ("commune", "natinf"):
            raise Problem(404, "unknown-page", "Cette page n’existe pas.")
        return list(await asyncio.to_thread(suggestions, reference(), what, q[:_LONGEST_WORDS]))

    return router


async def _checked(shell: Shell, intake: Upstream, reference: Reference, visit: Visit, form: Form) -> Response:
    """What would happen if it were sent, or what is wrong at each field."""
    if errors := await asyncio.to_thread(_words_for_codes, reference, form):
        return _form(shell, visit, form, reference, errors=errors, status=400)
    outcome = await intake.tell(visit, "/v1/procedures:check", body_of(form.one), form.key)
    if isinstance(outcome, Declined):
        return _form(shell, visit, form, reference, errors=_placed(outcome.fields), refused=outcome.detail)
    found = outcome.answer
    if found["errors"]:
        return _form(shell, visit, form, reference, errors=_placed(by_field(found["errors"])), status=400)
    return _confirmation(shell, visit, form, found)


def _agent(visit: Visit) -> Visit:
    if not visit.is_administration:
        raise Problem(403, "wrong-organisation", "Seules les administrations transmettent des procédures.")
    return visit


def _form(
    shell: Shell,
    visit: Visit,
    form: Form,
    reference: Reference,
    *,
    errors: Mapping[str, str] | None = None,
    refused: str | None = None,
    status: int = 200,
) -> Response:
    return shell.show(
        visit,
        "submit.html",
        status=400 if refused else status,
        parts_of=FORM,
        form=form,
        errors=errors or {},
        refused=refused,
        nataff=[(one.code, f"{one.code} {one.label}") for one in reference.nataff.values()],
    )


def _confirmation(shell: Shell, visit: Visit, form: Form, found: Mapping[str, Any]) -> Response:
    competence = found.get("competence") or {}
    tribunal = competence.get("tribunal")
    return shell.show(
        visit,
        "confirm.html",
        form=form,
        filled=[(entry, form.one(name)) for name, entry in ENTRIES.items() if form.one(name)],
        warnings=found.get("warnings", []),
        court=None if tribunal is None else shell.names().of(tribunal),
        explanation=competence.get("explanation"),
    )


def _placed(faults: Mapping[str, str]) -> Mapping[str, str]:
    """At the form's fields; of two at one field, both."""
    placed: dict[str, str] = {}
    for pointer, detail in faults.items():
        name = field_of(pointer)
        placed[name] = f"{placed[name]} {detail}" if name in placed else detail
    return placed


def _words_for_codes(reference: Reference, form: Form) -> Mapping[str, str]:
    """What the words may mean, to choose from."""
    found = {}
    for name, lookup, typed in unresolved(form.one):
        near = [f"{code} {label}" for code, label in suggestions(reference, lookup, typed[:_LONGEST_WORDS])]
        found[name] = (
            "Choisissez un code : " + " ; ".join(near) + "." if near else "Aucun code ne correspond à ces mots."
        )
    return found
