"""`/operations/dead-letters`: what the services could not handle, to look at, replay, or discard with a reason."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Request, Response

from chassis.clock import new_id
from chassis.errors import Unavailable
from chassis.letters_shown import OUTCOMES, content, origin, visible, words
from chassis.problems import Problem
from services.query.portal.operations.desk import LABELS, REPLAY_SECONDS, Desk, answers
from services.query.portal.shell import see_other
from services.query.portal.upstream import Declined
from services.query.portal.visits import Form, Visit

PATH: Final = "/operations/dead-letters"
_SHOWN: Final = 50
# Of each service, on the page of all.
_FIRST: Final = 10
# Of what one letter holds; `infoparquet dead-letters show` has it whole.
_LONGEST_CONTENT: Final = 20_000
_STATES: Final[Mapping[str, str]] = {"open": "ouvertes", "closed": "closes", "all": "toutes"}
_DONE: Final[Mapping[str, str]] = {"replay": "La lettre est rejouée", "discard": "La lettre est écartée"}
_UNANSWERED: Final = "Le service {} n’a pas répondu : regardez où en est la lettre avant de recommencer."
_Letter = Annotated[str, Path(pattern="^[0-9a-z-]{1,40}$")]


def routes(desk: Desk) -> APIRouter:
    """All of them, each service's, one of them, and what is decided of it."""
    router = APIRouter(include_in_schema=False, route_class=desk.shell.route)

    @router.get(PATH)
    async def every(request: Request) -> Response:
        visit = await desk.visit(request)
        asked = {name: one.read(visit, _address(limit=_FIRST)) for name, one in desk.services(request).items()}
        pages = await answers(asked)
        lines = [(name, label, pages[name]) for name, label in LABELS.items()]
        return desk.shell.show(visit, "operations/letters.html", lines=lines, origin=origin)

    @router.get(f"{PATH}/{{service}}")
    async def of_service(
        request: Request, service: str, state: Literal["open", "closed", "all"] = "open", cursor: str | None = None
    ) -> Response:
        visit = await desk.visit(request)
        return await _list(desk, request, visit, service, state, cursor)

    @router.get(f"{PATH}/{{service}}/{{letter}}")
    async def one(
        request: Request, service: str, letter: _Letter, done: str = "", released: int = 0, behind: str = ""
    ) -> Response:
        visit = await desk.visit(request)
        said = _said(done, released)
        return await _show(desk, request, visit, service, letter, Form([]), said=said, behind=behind)

    @router.post(f"{PATH}/{{service}}/{{letter}}/{{action}}")
    async def decide(request: Request, service: str, letter: _Letter, action: Literal["replay", "discard"]) -> Response:
        visit, form = await desk.posted(request)
        body = {"reason": form.one("reason")} if action == "discard" else {}
        asked = desk.service(request, service, REPLAY_SECONDS)
        try:
            outcome = await asked.tell(visit, f"/v1/dead-letters/{letter}/{action}", body, form.key)
        except Unavailable:
            raise Problem(503, "unavailable", _UNANSWERED.format(service)) from None
        if isinstance(outcome, Declined):
            return await _show(desk, request, visit, service, letter, form, refusal=outcome)
        told = {"done": action, "released": outcome.answer["released"], "behind": outcome.answer["behind"] or ""}
        return see_other(f"{PATH}/{service}/{letter}?{urlencode(told)}#said")

    return router


async def _list(desk: Desk, request: Request, visit: Visit, service: str, state: str, cursor: str | None) -> Response:
    page = await desk.page(request, service, visit, _address(limit=_SHOWN, state=state, cursor=cursor))
    here = f"{PATH}/{service}"
    return desk.shell.show(
        visit,
        "operations/letters_of.html",
        service=service,
        label=LABELS[service],
        page=page,
        state=state,
        states=_STATES,
        origin=origin,
        first=f"{here}?{urlencode({'state': state})}" if cursor else None,
        following=page["next"] and f"{here}?{urlencode({'state': state, 'cursor': page['next']})}",
    )


async def _show(
    desk: Desk,
    request: Request,
    visit: Visit,
    service: str,
    letter: str,
    form: Form,
    *,
    refusal: Declined | None = None,
    said: str = "",
    behind: str = "",
) -> Response:
    found = await desk.page(request, service, visit, f"/v1/dead-letters/{quote(letter)}")
    return desk.shell.show(
        visit,
        "operations/letter.html",
        status=refusal.status if refusal else 200,
        service=service,
        label=LABELS[service],
        one=found,
        origin=origin,
        headers=_headers(found),
        content=_content(found),
        outcomes=OUTCOMES,
        key=str(new_id()),
        form=form,
        refusal=refusal,
        said=said,
        behind=behind,
    )


def _address(**asked: Any) -> str:  # noqa: ANN401 - as addresses bear them
    return f"/v1/dead-letters?{urlencode({name: one for name, one in asked.items() if one is not None})}"


def _headers(letter: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [(visible(one["name"]), visible(words(one["value"]))) for one in letter.get("headers", [])]


def _content(letter: Mapping[str, Any]) -> tuple[str, bool]:
    """As much as a page shows, and whether that is all."""
    whole = visible(content(letter)) if "value" in letter else ""
    return whole[:_LONGEST_CONTENT], len(whole) <= _LONGEST_CONTENT


def _said(done: str, released: int) -> str:
    match released:
        case _ if done not in _DONE:
            return ""
        case 0:
            return f"{_DONE[done]}."
        case 1:
            return f"{_DONE[done]} ; le message qui attendait derrière elle est reparti."
        case count:
            return f"{_DONE[done]} ; les {count} messages qui attendaient derrière elle sont repartis."
