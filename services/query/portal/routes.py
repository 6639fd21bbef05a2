"""The portal put together: its pages, the files they name, and whom it speaks to."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request, Response

from chassis.problems import Problem
from chassis.service import Parts
from reference.bundle import Reference
from reference.names import Names
from services.query.downloads import Downloads
from services.query.figures_shown import Labels
from services.query.portal import (
    answering,
    elsewhere,
    entry,
    figures,
    listing,
    live,
    procedure,
    submitting,
    suggesting,
    uploading,
    views,
)
from services.query.portal.cookies import Cookies
from services.query.portal.operations.desk import Desk
from services.query.portal.operations.routes import operations
from services.query.portal.pages import Pages
from services.query.portal.shell import Shell
from services.query.portal.signing_in import OpenIdClient
from services.query.portal.upstream import Upstream
from services.query.portal.visits import Visits
from services.query.settings import PortalSettings
from services.query.stream_api import Streams
from services.query.words import Words


def portal(
    parts: Parts,
    names: Callable[[], Names],
    words: Callable[[], Words],
    streams: Streams,
    reference: Callable[[], Reference],
    settings: PortalSettings,
    labels: Callable[[], Labels],
    downloads: Downloads,
) -> Sequence[APIRouter]:
    """All routes of the portal."""
    issuer = parts.settings.oidc_issuer
    pages = Pages(issuer, settings.organisation, settings.traces_url)
    cookies = Cookies.of(settings.public_url)
    shell = Shell(parts, names, words, pages, cookies, Visits(parts, cookies, settings.public_url), streams)
    beside = {name: Upstream(name, url) for name, url in settings.beside.items()}
    intake, routing = beside["intake"], beside["routing"]
    return [
        entry.routes(shell, OpenIdClient(issuer, settings), settings.public_url),
        listing.routes(shell),
        views.routes(shell),
        procedure.routes(shell, intake, routing),
        live.routes(shell, routing),
        answering.routes(shell, intake, routing),
        # Before the other suggestions, whose address holds its own.
        *operations(Desk(shell, beside)),
        submitting.routes(shell, intake, reference),
        suggesting.routes(shell, reference),
        uploading.routes(shell, intake),
        uploading.page_routes(shell, intake),
        figures.routes(shell, labels, downloads),
        _files(pages),
        # The last: what no other route of the service answers.
        elsewhere.routes(pages),
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
