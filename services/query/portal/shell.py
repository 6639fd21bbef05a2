"""What every page of the portal stands in: its frame, and what is shown when a page cannot be."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from chassis.errors import CONNECTION_ERRORS, Unavailable, is_unavailable
from chassis.problems import TITLES, Problem, field_errors, unavailable
from chassis.service import Parts
from reference.names import Names
from services.query.portal.cookies import Cookies
from services.query.portal.given_back import page_of, typed_in
from services.query.portal.pages import Pages
from services.query.portal.visits import NotSignedIn, Visit, Visits
from services.query.stream_api import Streams
from services.query.words import Words

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Shell:
    """What the portal's routes are made with."""

    parts: Parts
    names: Callable[[], Names]
    words: Callable[[], Words]
    pages: Pages
    cookies: Cookies
    visits: Visits
    streams: Streams

    def show(self, visit: Visit, template: str, *, status: int = 200, **content: Any) -> Response:  # noqa: ANN401
        """A page for somebody who is signed in."""
        label = visit.label(self.names())
        return self.pages.render(template, status=status, visit=visit, visitor=label, **content)

    @property
    def route(self) -> type[APIRoute]:
        """Routes whose errors are pages."""
        pages, visits = self.pages, self.visits

        class PageRoute(APIRoute):
            def get_route_handler(self) -> Handler:
                handle = super().get_route_handler()

                async def handled(request: Request) -> Response:
                    try:
                        return await handle(request)
                    except NotSignedIn:
                        return await _sign_in(pages, visits, request)
                    except RequestValidationError as error:
                        errors = field_errors(error.errors())
                        return refusal(pages, Problem(400, "invalid-request", "La demande est mal formée.", errors))
                    except Problem as problem:
                        return refusal(pages, problem)
                    except (Unavailable, *CONNECTION_ERRORS) as error:
                        if not is_unavailable(error):
                            raise
                        named = error.dependency if isinstance(error, Unavailable) else "database"
                        return refusal(pages, unavailable(named))

                return handled

        return PageRoute


def see_other(address: str) -> Response:
    """After a form: what follows is a page, which may be loaded again without sending anything twice."""
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


def refusal(pages: Pages, problem: Problem, **more: Any) -> Response:  # noqa: ANN401
    """The problem as a page of its own."""
    title = TITLES.get(problem.status, "Erreur")
    answer = pages.render("problem.html", status=problem.status, title=title, problem=problem, visit=None, **more)
    answer.headers.update({name: value for name, value in problem.headers.items() if name == "Retry-After"})
    return answer


async def _sign_in(pages: Pages, visits: Visits, request: Request) -> Response:
    """A page that was asked for comes after the sign-in; of a form that was sent, what was typed is given back.

    Of another site's form nothing is: its words would be on a page of ours. A part of a page is not led to the issuer,
    where no script may follow.
    """
    if request.method == "GET" and "hx-request" not in request.headers:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return see_other(f"/sign-in?{urlencode({'next': asked})}")
    detail = "Votre session est terminée et rien n’a été enregistré. Reconnectez-vous, puis recommencez."
    given = await typed_in(request) if visits.is_ours(request) else []
    page, resumes = page_of(request)
    again = f"/sign-in?{urlencode({'next': page})}"
    return refusal(pages, Problem(401, "signed-out", detail), given=given, again=again, resumes=resumes)
