"""The portal put together: its pages, the files they name, and whom it speaks to."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request, Response

from chassis.problems import Problem
from chassis.service import Parts
from reference.bundle import Reference
from reference.names import Names
from services.query.portal import answering, entry, listing, procedure, submitting
from services.query.portal.cookies import Cookies
from services.query.portal.pages import Pages
from services.query.portal.shell import Shell
from services.query.portal.signing_in import OpenIdClient
from services.query.portal.upstream import Upstream
from services.query.portal.visits import Visits
from services.query.settings import PortalSettings
from services.query.words import Words


def portal(
    parts: Parts,
    names: Callable[[], Names],
    words: Callable[[], Words],
    reference: Callable[[], Reference],
    settings: PortalSettings,
) -> Sequence[APIRouter]:
    """All routes of the portal."""
    issuer = parts.settings.oidc_issuer
    pages = Pages(issuer, settings.organisation)
    cookies = Cookies.of(settings.public_url)
    shell = Shell(parts, names, words, pages, cookies, Visits(parts, cookies, settings.public_url))
    intake, routing = Upstream("intake", settings.intake_url), Upstream("routing", settings.routing_url)
    return [
        entry.routes(shell, OpenIdClient(issuer, settings), settings.public_url),
        listing.routes(shell),
        procedure.routes(shell, intake),
        answering.routes(shell, intake, routing),
        submitting.routes(shell, intake, reference),
        _files(pages),
    ]


def _files(pages: Pages) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{version}/{name:path}")
    async def file(request: Request, version: str, name: str) -> Response:
        # During an upgrade, a page of the other version is served what this one has, without having it kept.
        served = pages.files.served(name, request)
        if served is None:
            raise Problem(404, "unknown-page", "Cette page n’existe pas.")
        if version != pages.files.version:
            served.headers["Cache-Control"] = "no-store"
        return served

    return router
