"""Figures, and the list as files: the same filters and the same rights as on the screen."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic_core import to_json
from sqlalchemy import text
from starlette.responses import StreamingResponse

from chassis.clock import PARIS
from chassis.identity import AnyCaller, Caller
from chassis.service import Parts
from services.query import exports, parquet, tables
from services.query.api import WithSight
from services.query.exports import Download, Pages, Places, as_csv, as_ndjson, as_parquet
from services.query.figures_shown import COLUMNS, Labels, show_figures, table
from services.query.filters import CsvFilters, Dialect, FiguresAsked, Wanted
from services.query.rights import Sight
from services.query.search import Row
from services.query.statistics import Asking, figures_of
from services.query.words import Words

NDJSON = "application/x-ndjson"


def routes(
    parts: Parts, labels: Callable[[], Labels], words: Callable[[], Words], places: Places | None = None
) -> APIRouter:
    """`GET /v1/statistics` and the exports; `places` are those of the process."""
    router = APIRouter(tags=["chiffres"])
    export = _Exports(parts, words, places or Places()).answer

    @router.get("/v1/statistics", summary="Les chiffres : volumes, délais, urgences, attente")
    async def statistics(request: Request, sight: WithSight, asked: Annotated[FiguresAsked, Query()]) -> Response:
        now = parts.clock()
        first, last = asked.period(now.astimezone(PARIS).date())
        asking = Asking(sight, first, last, asked.by, now)
        async with parts.engine.begin() as connection:
            # A year sorted by month takes ten.
            await connection.execute(text("SET LOCAL work_mem TO '32MB'"))
            found = await figures_of(connection, asking)
        shown = show_figures(asking, found, labels())
        if _wants_csv(request):
            return _as_table(shown, asked.dialect, f"chiffres-{first}-{last}")
        # Written at once: to look at each of tens of thousands of values first takes longer than to count them.
        return Response(to_json(shown), media_type="application/json", headers={"Vary": "Accept"})

    @router.get("/v1/procedures.csv", summary="Les procédures en CSV")
    async def procedures_csv(caller: AnyCaller, sight: WithSight, asked: Annotated[CsvFilters, Query()]) -> Response:
        def write(pages: Pages) -> AsyncGenerator[bytes]:
            return as_csv(pages, labels().names, asked.dialect)

        return await export(caller, sight, asked, write, f"{tables.MEDIA_TYPE}; charset=utf-8", "csv")

    @router.get("/v1/procedures.json", summary="Les procédures en JSON, une par ligne")
    async def procedures_json(caller: AnyCaller, sight: WithSight, asked: Annotated[Wanted, Query()]) -> Response:
        return await export(caller, sight, asked, lambda pages: as_ndjson(pages, labels().names), NDJSON, "json")

    @router.get("/v1/procedures.parquet", summary="Les procédures en Parquet")
    async def procedures_parquet(caller: AnyCaller, sight: WithSight, asked: Annotated[Wanted, Query()]) -> Response:
        def write(pages: Pages) -> AsyncGenerator[bytes]:
            return as_parquet(pages, labels().names)

        return await export(caller, sight, asked, write, parquet.MEDIA_TYPE, "parquet")

    return router


class _Exports:
    """Begins exports, each in its place."""

    def __init__(self, parts: Parts, words: Callable[[], Words], places: Places) -> None:
        self._parts = parts
        self._words = words
        self._places = places

    async def answer(
        self,
        caller: Caller,
        sight: Sight,
        wanted: Wanted,
        write: Callable[[Pages], AsyncGenerator[bytes]],
        media_type: str,
        suffix: str,
    ) -> StreamingResponse:
        """The first page is read before: what cannot be had is told as a problem."""
        organisation = caller.organisation
        self._places.take(organisation)
        with exports.unless_begun(lambda: self._places.free(organisation)):
            pages = exports.pages_of(self._parts.engine, sight, wanted.criteria(self._words()))
            first = await anext(pages)
            day = self._parts.clock().astimezone(PARIS).date()
            return Download(
                write(_with_first(first, pages)),
                media_type=media_type,
                headers=_attached(f"procedures-{day}.{suffix}"),
                done=lambda: self._places.free(organisation),
            )


async def _with_first(first: list[Row], rest: Pages) -> AsyncIterator[list[Row]]:
    yield first
    async for page in rest:
        yield page


def _wants_csv(request: Request) -> bool:
    """Whether CSV is asked for by name, and not less than JSON."""
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    return tables.MEDIA_TYPE in accepted and "application/json" not in accepted[: accepted.index(tables.MEDIA_TYPE)]


def _as_table(shown: dict[str, Any], dialect: Dialect, name: str) -> Response:
    content = tables.head(COLUMNS, dialect) + tables.body(COLUMNS, table(shown), dialect)
    return Response(content, media_type=f"{tables.MEDIA_TYPE}; charset=utf-8", headers=_attached(f"{name}.csv"))


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
