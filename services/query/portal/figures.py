"""The figures as a page, charts with a table beside, and the same as files under the session of whoever looks."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic_core import to_json

from services.query.downloads import Downloads, attached, figures_name, figures_table
from services.query.figures_api import figures_now
from services.query.figures_shown import Labels
from services.query.filters import By, CsvFilters, FiguresAsked, Wanted
from services.query.portal import figure_charts
from services.query.portal.figure_charts import DELAYS, MOST_MONTHS, MOST_ROWS, SHARES, label_of
from services.query.portal.shell import Shell

_GROUPS: Final[Mapping[By, str]] = {
    By.MONTH: "mois",
    By.TRIBUNAL: "tribunal",
    By.ADMINISTRATION: "administration",
    By.FAMILY: "famille d’infractions",
}


class PageAsked(FiguresAsked):
    """Of the page: by month, unless said otherwise."""

    by: By = By.MONTH


def routes(shell: Shell, labels: Callable[[], Labels], downloads: Downloads) -> APIRouter:
    """`/figures`, and what is taken away from there."""
    router = APIRouter(include_in_schema=False, route_class=shell.route)

    @router.get("/figures")
    async def figures(request: Request, asked: Annotated[PageAsked, Query()]) -> Response:
        visit = await shell.visits.visit(request)
        # Percentiles of all do not follow from those of the groups.
        both = (asked, asked.model_copy(update={"by": By.NONE}))
        shown, whole = await asyncio.gather(*(figures_now(shell.parts, visit.sight, one, labels()) for one in both))
        return shell.show(visit, "figures.html", **_content(shown, whole["groups"][0]))

    @router.get("/figures.csv")
    async def figures_csv(request: Request, asked: Annotated[PageAsked, Query()]) -> Response:
        visit = await shell.visits.visit(request)
        return figures_table(await figures_now(shell.parts, visit.sight, asked, labels()), asked.dialect)

    @router.get("/figures.json")
    async def figures_json(request: Request, asked: Annotated[PageAsked, Query()]) -> Response:
        visit = await shell.visits.visit(request)
        shown = await figures_now(shell.parts, visit.sight, asked, labels())
        return Response(to_json(shown), media_type="application/json", headers=attached(figures_name(shown, "json")))

    @router.get("/procedures.csv")
    async def procedures_csv(request: Request, asked: Annotated[CsvFilters, Query()]) -> Response:
        visit = await shell.visits.visit(request)
        return await downloads.csv(visit.caller, visit.sight, asked)

    @router.get("/procedures.json")
    async def procedures_json(request: Request, asked: Annotated[Wanted, Query()]) -> Response:
        visit = await shell.visits.visit(request)
        return await downloads.json(visit.caller, visit.sight, asked)

    @router.get("/procedures.parquet")
    async def procedures_parquet(request: Request, asked: Annotated[Wanted, Query()]) -> Response:
        visit = await shell.visits.visit(request)
        return await downloads.parquet(visit.caller, visit.sight, asked)

    return router


def _content(shown: Mapping[str, Any], together: Mapping[str, Any]) -> dict[str, Any]:
    by = shown["by"]
    groups = [{**group, "label": label_of(by, group)} for group in shown["groups"]]
    period = {"from": shown["from"], "to": shown["to"]}
    return {
        "shown": shown,
        "together": together,
        "groups": [group for group in groups if group["procedures"]],
        "waiting_groups": _oldest_first((one["label"], one["waiting"]) for one in groups if one["waiting"]["count"]),
        "waiting_statuses": _oldest_first(together["waiting"]["statuses"].items()),
        "by_words": _GROUPS.get(by, "ensemble"),
        "choices": _GROUPS,
        "delays": DELAYS,
        "shares": SHARES,
        "volumes_chart": figure_charts.volumes(shown),
        "delay_charts": {name: figure_charts.delays(shown, name) for name in DELAYS},
        "most": MOST_MONTHS if by is By.MONTH else MOST_ROWS,
        "same_figures": urlencode(period | {"by": by.value}),
        "same_period": urlencode(period),
    }


def _oldest_first(standing: Iterable[tuple[Any, Mapping[str, Any]]]) -> list[tuple[Any, Mapping[str, Any]]]:
    return sorted(standing, key=lambda one: one[1]["oldest"])
