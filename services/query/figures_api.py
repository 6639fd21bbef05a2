"""Figures, and the list as files: the same filters and the same rights as on the screen."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic_core import to_json
from sqlalchemy import text

from chassis.clock import PARIS
from chassis.identity import AnyCaller
from chassis.service import Parts
from services.query import tables
from services.query.api import WithSight
from services.query.downloads import Downloads, figures_table
from services.query.figures_shown import Labels, show_figures
from services.query.filters import CsvFilters, FiguresAsked, Wanted
from services.query.rights import Sight
from services.query.statistics import Asking, figures_of


def routes(parts: Parts, labels: Callable[[], Labels], downloads: Downloads) -> APIRouter:
    """`GET /v1/statistics` and the exports."""
    router = APIRouter(tags=["chiffres"])

    @router.get("/v1/statistics", summary="Les chiffres : volumes, délais, urgences, attente")
    async def statistics(request: Request, sight: WithSight, asked: Annotated[FiguresAsked, Query()]) -> Response:
        shown = await figures_now(parts, sight, asked, labels())
        if _wants_csv(request):
            return figures_table(shown, asked.dialect)
        # Written at once: to look at each of tens of thousands of values first takes longer than to count them.
        return Response(to_json(shown), media_type="application/json", headers={"Vary": "Accept"})

    @router.get("/v1/procedures.csv", summary="Les procédures en CSV")
    async def procedures_csv(caller: AnyCaller, sight: WithSight, asked: Annotated[CsvFilters, Query()]) -> Response:
        return await downloads.csv(caller, sight, asked)

    @router.get("/v1/procedures.json", summary="Les procédures en JSON, une par ligne")
    async def procedures_json(caller: AnyCaller, sight: WithSight, asked: Annotated[Wanted, Query()]) -> Response:
        return await downloads.json(caller, sight, asked)

    @router.get("/v1/procedures.parquet", summary="Les procédures en Parquet")
    async def procedures_parquet(caller: AnyCaller, sight: WithSight, asked: Annotated[Wanted, Query()]) -> Response:
        return await downloads.parquet(caller, sight, asked)

    return router


async def figures_now(parts: Parts, sight: Sight, asked: FiguresAsked, labels: Labels) -> dict[str, Any]:
    """The answer, as of now."""
    now = parts.clock()
    first, last = asked.period(now.astimezone(PARIS).date())
    asking = Asking(sight, first, last, asked.by, now)
    async with parts.engine.begin() as connection:
        # A year sorted by month takes ten.
        await connection.execute(text("SET LOCAL work_mem TO '32MB'"))
        found = await figures_of(connection, asking)
    return show_figures(asking, found, labels)


def _wants_csv(request: Request) -> bool:
    """Whether CSV is asked for by name, and not less than JSON."""
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    return tables.MEDIA_TYPE in accepted and "application/json" not in accepted[: accepted.index(tables.MEDIA_TYPE)]
