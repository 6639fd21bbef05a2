"""`/operations/unroutable`: the procedures that no rule decided, why, and the court that an operator designates."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import httpx
from fastapi import APIRouter, Request, Response
from infoparquet_contracts.codes import DeclineReason

from chassis.clock import new_id
from chassis.errors import Unavailable
from chassis.problems import Problem
from services.query.portal.choices import LONGEST_WORDS, Choices, proposed
from services.query.portal.operations.desk import Desk
from services.query.portal.shell import Shell, see_other
from services.query.portal.upstream import Declined, answered
from services.query.portal.visits import Form, Visit
from services.query.words import plain_words

PATH: Final = "/operations/unroutable"
_SHOWN: Final = 100
_REASONS: Final[Mapping[str, str]] = {one.value: one.label for one in DeclineReason}
_UNCHOSEN: Final = "Choisissez un tribunal par son code"


def routes(desk: Desk) -> APIRouter:
    """The queue, one of it with its form, and the courts that words stand for."""
    router = APIRouter(include_in_schema=False, route_class=desk.shell.route)

    @router.get(PATH)
    async def queue(request: Request, assigned: UUID | None = None) -> Response:
        visit = await desk.visit(request)
        found = await desk.page(request, "routing", visit, f"/v1/unroutable?limit={_SHOWN}")
        return desk.shell.show(visit, "operations/unroutable.html", found=found, assigned=assigned)

    @router.get(f"{PATH}/{{id}}")
    async def one(request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the path
        visit = await desk.visit(request)
        return await _show(desk, request, visit, id, Form([("key", str(new_id()))]))

    @router.post(f"{PATH}/{{id}}")
    async def assign(request: Request, id: UUID) -> Response:  # noqa: A002
        visit, form = await desk.posted(request)
        typed = form.one("tribunal")
        court = _code(desk.shell, typed)
        if court is None:
            refusal = Declined(400, "Le tribunal est à corriger.", {"tribunal": _unchosen(desk.shell, typed)})
            return await _show(desk, request, visit, id, form, refusal)
        path, body = f"/v1/procedures/{id}/assignment", {"tribunal": court, "reason": form.one("reason")}
        outcome = await answered(desk.service(request, "routing").tell(visit, path, body, form.key))
        if isinstance(outcome, Declined):
            return await _show(desk, request, visit, id, form, outcome)
        return see_other(f"{PATH}?{urlencode({'assigned': str(id)})}#said")

    @router.get("/suggestions/tribunal")
    async def suggested(request: Request, q: str = "") -> list[tuple[str, str]]:
        await desk.visit(request)
        return list(_suggestions(desk.shell, q))

    return router


async def _show(
    desk: Desk, request: Request, visit: Visit, one: UUID, form: Form, refusal: Declined | None = None
) -> Response:
    """The page of one that waits, with what was typed and why it was refused."""
    unheard = refusal is not None and refusal.status == httpx.codes.SERVICE_UNAVAILABLE
    try:
        found = await desk.page(request, "routing", visit, f"/v1/unroutable?procedure={one}")
    except Unavailable:
        if not unheard:
            raise
        # What was typed needs no answer to be shown again.
        found = {"procedures": [{"id": one}]}
    if not found["procedures"]:
        if refusal is not None and not unheard:
            raise Problem(refusal.status, "refused", refusal.detail)
        raise Problem(404, "not-waiting", "Cette procédure n’attend pas, ou plus, qu’on désigne son tribunal.")
    names = desk.shell.names()
    return desk.shell.show(
        visit,
        "operations/assign.html",
        status=refusal.status if refusal else 200,
        one=found["procedures"][0],
        court=names.of,
        reasons=_REASONS,
        form=form,
        refusal=refusal,
    )


def _code(shell: Shell, typed: str) -> str | None:
    """« tj33063 Tribunal judiciaire de Bordeaux » is tj33063; None for what begins with no court's code."""
    first = typed[:LONGEST_WORDS].partition(" ")[0].lower()
    return first if first in dict(shell.names().all()) else None


def _suggestions(shell: Shell, typed: str) -> Choices:
    """The courts in whose code or name all the words are, the last perhaps in part."""
    courts = ((code, name, f"{code} {' '.join(plain_words(name))}") for code, name in shell.names().all())
    return proposed(plain_words(typed[:LONGEST_WORDS]), courts)


def _unchosen(shell: Shell, typed: str) -> str:
    near = [f"{code} {name}" for code, name in _suggestions(shell, typed)]
    return f"{_UNCHOSEN} : {' ; '.join(near)}." if near else f"{_UNCHOSEN} : ces mots ne sont d’aucun."
