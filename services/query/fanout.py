"""Hands what is new in the feed to the streams that are open: one reader a process, rung for when facts are applied.

A stream enters first and reads the feed then: what comes meanwhile waits for it here. One that does not keep up lets go
of what waits and reads the feed again, so that it holds little, and misses nothing.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog
from infoparquet_contracts.facts import Declined
from infoparquet_contracts.versions import fact_of
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.doorbell import LOOK_AGAIN, Doorbell
from chassis.errors import is_unavailable
from reference.names import Names
from services.query import feed_store
from services.query.answers import show_fact
from services.query.cursor import write_place
from services.query.feed_store import BEGINNING, OtherFeed, Place, Row, Scope, may_see
from services.query.rights import Everything, OfAdministration, OfTribunal

log = structlog.get_logger()

PAGE: Final = 200
# While nobody follows: what a ring that was lost costs then is how fresh answers say they are.
IDLE_SECONDS: Final = 5.0
# Frames that may wait for one stream; all streams share their bytes.
MOST_WAITING: Final = 256
# Streams that read the feed at once: others ask the database too.
READERS: Final = 3
# Streams that are woken in one go: five thousand send for half a second, for which whoever else asks would wait.
SLICE: Final = 100
_ALL: Final = Scope(Everything())


@dataclass(frozen=True, slots=True)
class Frame:
    """A fact as a stream sends it; `parts_from` is the court that let go of the procedure by it."""

    place: Place
    content: bytes
    parts_from: str | None


@dataclass(eq=False)
class Stream:
    """What waits for one; `behind`: it has to read the feed first; `beat`: to show life; `over`: to end."""

    scope: Scope
    session: bytes | None = None
    waiting: deque[Frame] = field(default_factory=deque)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    behind: bool = True
    over: bool = False
    beat: bool = False

    def give(self, frame: Frame) -> None:
        """Add a frame; where too many wait, there is the feed to be read instead."""
        if self.behind:
            return
        if len(self.waiting) < MOST_WAITING:
            self.waiting.append(frame)
            self.woken.set()
        else:
            self.fall_behind()

    def fall_behind(self) -> None:
        """Have it read the feed again from where it is."""
        self.waiting.clear()
        self.behind = True
        self.woken.set()

    def catch_up(self) -> None:
        """From here on what is new waits for it; what came before is in the feed."""
        self.waiting.clear()
        self.behind = False

    def take(self) -> list[Frame]:
        """All that waits, in order."""
        frames = list(self.waiting)
        self.waiting.clear()
        return frames

    def end(self) -> None:
        """Have it end."""
        self.over = True
        self.woken.set()


class Fanout:
    """Of one process."""

    def __init__(self, names: Callable[[], Names]) -> None:
        self._names = names
        self.streams: dict[object, set[Stream]] = {}
        self._place: Place | None = None
        self._reading = asyncio.Semaphore(READERS)
        self._stopped = False
        # The time of the newest fact that is known to be in the view, None before one is.
        self.newest: datetime | None = None

    @contextlib.contextmanager
    def stream(self, scope: Scope, session: bytes | None = None) -> Iterator[Stream]:
        """An open stream; from here on it is given what is new."""
        stream = Stream(scope, session, over=self._stopped)
        among = self.streams.setdefault(_key(scope), set())
        among.add(stream)
        try:
            yield stream
        finally:
            among.discard(stream)
            if not among and self.streams.get(_key(scope)) is among:
                del self.streams[_key(scope)]

    def end(self, session: bytes) -> None:
        """End what a session follows in this process."""
        for stream in self._all():
            if stream.session == session:
                stream.end()

    @contextlib.asynccontextmanager
    async def reader(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """A connection for one page, in turn."""
        async with self._reading, engine.connect() as connection:
            yield connection

    def frame(self, row: Row) -> Frame:
        """The row as it is sent."""
        cursor, data = write_place(row.place), to_json(show_fact(row, self._names()))
        leaves = row.why_not is None and fact_of(row.type) == Declined.fact
        content = b"id: %b\nevent: fact\ndata: %b\n\n" % (cursor.encode(), data)
        return Frame(row.place, content, row.tribunal if leaves else None)

    async def run(self, engine: AsyncEngine, bell: Doorbell) -> None:
        """Until cancelled; then every stream ends."""
        self._place, self._stopped = None, False
        try:
            with bell.listening() as rung:
                while True:
                    rung.clear()
                    await self._look(engine)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_AGAIN if self.streams else IDLE_SECONDS):
                            await rung.wait()
        finally:
            self._stopped = True
            for stream in self._all():
                stream.end()

    async def _look(self, engine: AsyncEngine) -> None:
        try:
            await self._hand_out(engine)
        except OtherFeed:
            # Whoever comes again with a place of the old one is told so.
            log.error("feed.other", service="query")
            self._place = None
            for stream in self._all():
                stream.end()
        except Exception as error:  # a task of its own: what is not caught here stops the service
            if not is_unavailable(error):
                log.error("feed.unread", service="query", exc_info=error)

    async def _hand_out(self, engine: AsyncEngine) -> None:
        if self._place is None:
            async with engine.begin() as connection:
                await feed_store.catch_up(connection)
            await self._jump(engine)
        while self.streams:
            async with engine.connect() as connection:
                rows = await feed_store.read(connection, _ALL, self._place or BEGINNING, PAGE)
            for row in rows:
                await self._give(row)
            if len(rows) < PAGE:
                return
        await self._jump(engine)

    async def _jump(self, engine: AsyncEngine) -> None:
        """To the end of the feed; nobody follows, or who does reads it again."""
        async with engine.connect() as connection:
            newest = await feed_store.newest(connection, _ALL)
        self._place, self.newest = (BEGINNING, None) if newest is None else (newest.place, newest.time)
        # Some may have entered meanwhile, and read the feed up to somewhere before.
        for stream in self._all():
            stream.fall_behind()

    async def _give(self, row: Row) -> None:
        if concerned := list(self._concerned(row)):
            frame = self.frame(row)
            for place, stream in enumerate(concerned, 1):
                stream.give(frame)
                if place % SLICE == 0:
                    await asyncio.sleep(0)
        self._place, self.newest = row.place, row.time

    def _concerned(self, row: Row) -> Iterator[Stream]:
        keys: list[object] = [row.procedure, Everything(), OfAdministration(row.administration)]
        if row.tribunal is not None:
            keys.append(OfTribunal(row.tribunal))
        for key in keys:
            yield from (one for one in self.streams.get(key, ()) if may_see(one.scope.sight, row))

    def _all(self) -> list[Stream]:
        return [one for among in self.streams.values() for one in among]


def _key(scope: Scope) -> object:
    return scope.sight if scope.procedure is None else scope.procedure
