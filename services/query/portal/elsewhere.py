"""Addresses that nothing answers: a page for whoever reads pages, the API's problem for programs."""

from typing import Final

from fastapi import APIRouter, Response
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope
from werkzeug.http import parse_accept_header

from chassis.problems import Problem
from services.query.portal.pages import Pages
from services.query.portal.shell import refusal

_API: Final = "/v1/"


def routes(pages: Pages) -> APIRouter:
    """Whatever is left, for browsers."""
    router = APIRouter(include_in_schema=False, route_class=_Elsewhere)

    @router.get("/{path:path}")
    async def unknown(path: str) -> Response:  # noqa: ARG001 - the path's name
        return refusal(pages, Problem(404, "unknown-page", "Cette page n’existe pas."))

    return router


class _Elsewhere(APIRoute):
    """Of requests for pages alone, so that the others are answered as where there is no portal."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (match, child) if _is_for_a_page(scope) else (Match.NONE, {})


def _is_for_a_page(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith(_API):
        return False
    wanted = dict(parse_accept_header(Headers(scope=scope).get("accept", "").lower()))
    # By its name: whoever takes anything is a program.
    return wanted.get("text/html", 0.0) > wanted.get("application/json", 0.0)
