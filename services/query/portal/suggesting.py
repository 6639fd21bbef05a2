"""Codes that words may stand for, while they are typed."""

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request

from chassis.problems import Problem
from reference.bundle import Reference
from services.query.portal.choices import LONGEST_WORDS
from services.query.portal.shell import Shell
from services.query.portal.submission import LOOKED_UP, suggestions
from services.query.portal.uploading import require_agent


def routes(shell: Shell, reference: Callable[[], Reference]) -> APIRouter:
    """`/suggestions/{what}`."""
    router = APIRouter(include_in_schema=False, route_class=shell.route)

    @router.get("/suggestions/{what}")
    async def suggested(request: Request, what: str, q: str = "") -> list[tuple[str, str]]:
        require_agent(await shell.visits.visit(request))
        if what not in LOOKED_UP:
            raise Problem(404, "unknown-page", "Cette page n’existe pas.")
        return list(await asyncio.to_thread(suggestions, reference(), what, q[:LONGEST_WORDS]))

    return router
