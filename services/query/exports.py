"""Exports: the whole of a list, page by page as its reader takes it, in memory that does not grow.

Between two pages no connection and no snapshot is held: a reader that is slow, or gone, keeps nobody waiting, neither
the vacuum nor the switch of a rebuild. Each page is as true as when it was read, as with the pages of the list.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from typing import Final

import structlog
from fastapi.responses import StreamingResponse
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Receive, Scope, Send

from chassis.problems import Problem
from reference.names import Names
from services.query import tables
from services.query.columns import COLUMNS, lines
from services.query.filters import Dialect
from services.query.parquet import parquet, schema_of
from services.query.rights import Sight
from services.query.rows import Criteria
from services.query.search import Mark, Row, search

log = structlog.get_logger()

# Rows a page: 20 ms of the processor at a time.
PAGE: Final = 2000
# Of this process, at once, and of one organisation.
MOST: Final = 8
MOST_OF_ONE: Final = 2
# Whoever takes longer is cut off: a million procedures take a minute.
LONGEST_SECONDS: Final = 30 * 60.0
_RETRY_SECONDS: Final = "30"

Pages = AsyncIterator[list[Row]]


class Places:
    """How many exports run, and whose."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        return self._taken.total()

    def take(self, organisation: str) -> None:
        """Raises a 503 Problem where none is left."""
        if self._taken.total() >= MOST or self._taken[organisation] >= MOST_OF_ONE:
            detail = f"Trop d’exports sont en cours ({MOST_OF_ONE} par organisation). Réessayez quand l’un est terminé."
            raise Problem(503, "too-many-exports", detail, headers={"Retry-After": _RETRY_SECONDS})
        self._taken[organisation] += 1

    def free(self, organisation: str) -> None:
        self._taken[organisation] -= 1


async def pages_of(engine: AsyncEngine, sight: Sight, criteria: Criteria, size: int = PAGE) -> Pages:
    """All that the list shows, newest first; a first page also where there is nothing."""
    after: Mark | None = None
    while True:
        async with engine.connect() as connection:
            page = await search(connection, sight, criteria, after=after, limit=size)
        if page or after is None:
            yield page
        if len(page) < size:
            return
        after = Mark(page[-1].submitted_at, page[-1].id)


async def as_csv(pages: Pages, names: Names, dialect: Dialect) -> AsyncGenerator[bytes]:
    """A table with a line of names above."""
    columns = tuple(COLUMNS)
    yield tables.head(columns, dialect)
    async for page in pages:
        yield await asyncio.to_thread(tables.body, columns, lines(page, names), dialect)


async def as_ndjson(pages: Pages, names: Names) -> AsyncGenerator[bytes]:
    """A JSON object a line."""
    async for page in pages:
        yield await asyncio.to_thread(_ndjson, page, names)


async def as_parquet(pages: Pages, names: Names) -> AsyncGenerator[bytes]:
    """A file with its row groups as they fill."""
    async with contextlib.aclosing(as_ndjson(pages, names)) as batches:
        filled = (batch async for batch in batches if batch)
        async with contextlib.aclosing(parquet(schema_of(COLUMNS), filled)) as pieces:
            async for piece in pieces:
                yield piece


def _ndjson(page: list[Row], names: Names) -> bytes:
    return b"".join(to_json(line) + b"\n" for line in lines(page, names))


class Download(StreamingResponse):
    """Sends what `pieces` brings, and then, however it ended, closes it and calls `done`."""

    def __init__(
        self,
        pieces: AsyncGenerator[bytes],
        *,
        media_type: str,
        headers: Mapping[str, str],
        done: Callable[[], None],
        seconds: float = LONGEST_SECONDS,
    ) -> None:
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._pieces = pieces
        self._done = done
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. A download that takes too long is cut off without its end, so that nobody takes it for whole."""
        try:
            async with asyncio.timeout(self._seconds):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            log.warning("export.cut", seconds=self._seconds)
            raise
        finally:
            await self._pieces.aclose()
            self._done()


@contextlib.contextmanager
def unless_begun(undo: Callable[[], None]) -> Iterator[None]:
    """Undo where the block fails."""
    try:
        yield
    except BaseException:
        undo()
        raise
