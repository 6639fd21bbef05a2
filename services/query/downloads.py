"""Lists and figures as files to be kept, asked for by programs or from a page: the same rights, the same places."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any, Final

from fastapi import Response
from starlette.responses import StreamingResponse

from chassis.clock import PARIS
from chassis.identity import Caller
from chassis.service import Parts
from reference.names import Names
from services.query import exports, parquet, tables
from services.query.exports import Download, Pages, Places, as_csv, as_ndjson, as_parquet
from services.query.figures_shown import COLUMNS, table
from services.query.filters import CsvFilters, Dialect, Wanted
from services.query.rights import Sight
from services.query.search import Row
from services.query.words import Words

NDJSON: Final = "application/x-ndjson"
_CSV: Final = f"{tables.MEDIA_TYPE}; charset=utf-8"


class Downloads:
    """Begins exports of the list, each in its place; `places` are those of the process."""

    def __init__(
        self, parts: Parts, names: Callable[[], Names], words: Callable[[], Words], places: Places | None = None
    ) -> None:
        self._parts = parts
        self._names = names
        self._words = words
        self._places = places or Places()

    async def csv(self, caller: Caller, sight: Sight, asked: CsvFilters) -> Response:
        """A table."""

        def write(pages: Pages) -> AsyncGenerator[bytes]:
            return as_csv(pages, self._names(), asked.dialect)

        return await self._begin(caller, sight, asked, write, _CSV, "csv")

    async def json(self, caller: Caller, sight: Sight, asked: Wanted) -> Response:
        """An object a line."""
        return await self._begin(caller, sight, asked, lambda pages: as_ndjson(pages, self._names()), NDJSON, "json")

    async def parquet(self, caller: Caller, sight: Sight, asked: Wanted) -> Response:
        """Row groups as they fill."""

        def write(pages: Pages) -> AsyncGenerator[bytes]:
            return as_parquet(pages, self._names())

        return await self._begin(caller, sight, asked, write, parquet.MEDIA_TYPE, "parquet")

    async def _begin(
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
                headers=attached(f"procedures-{day}.{suffix}"),
                done=lambda: self._places.free(organisation),
            )


async def _with_first(first: list[Row], rest: Pages) -> AsyncIterator[list[Row]]:
    yield first
    async for page in rest:
        yield page


def figures_table(shown: Mapping[str, Any], dialect: Dialect) -> Response:
    """A line a group, of what `show_figures` shows."""
    content = tables.head(COLUMNS, dialect) + tables.body(COLUMNS, table(shown), dialect)
    return Response(content, media_type=_CSV, headers=attached(figures_name(shown, "csv")))


def figures_name(shown: Mapping[str, Any], suffix: str) -> str:
    """Of the file, with the days that it is about."""
    return f"chiffres-{shown['from']}-{shown['to']}.{suffix}"


def attached(name: str) -> dict[str, str]:
    """Headers of a file that browsers save, and nobody keeps on the way."""
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
