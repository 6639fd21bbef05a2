"""What courts wrote beside their replies: kept by routing, read with the person's own token, for those entitled."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from infoparquet_contracts.facts import Replied

from chassis.errors import Unavailable
from services.query.portal.upstream import Upstream
from services.query.portal.visits import Visit
from services.query.timeline import Entry

log = structlog.get_logger()
# The rest of the page does not wait for longer.
_LIMIT_SECONDS: Final = 3.0
_READ_AT_ONCE: Final = 4
# The newest of them; a procedure has about five replies.
_MOST: Final = 40


@dataclass(frozen=True, slots=True)
class Messages:
    """Words by the id of their reply; `missing` says that some could not be read."""

    by_reply: Mapping[str, str]
    missing: bool


async def read_messages(routing: Upstream, visit: Visit, entries: Sequence[Entry]) -> Messages:
    """Of the replies among the entries; of none for those who are not told what courts write to administrations."""
    said = [entry.event.data for entry in entries]
    replies = [str(data.reply) for data in said if isinstance(data, Replied)]
    found: dict[str, str] = {}
    if not replies or not (visit.is_court or visit.is_administration):
        return Messages(found, missing=False)
    turns = asyncio.Semaphore(_READ_AT_ONCE)

    async def read(reply: str) -> None:
        async with turns:
            answer = await routing.read(visit, f"/v1/replies/{reply}")
        if answer is not None and answer.get("text"):
            found[reply] = str(answer["text"])

    missing = False
    try:
        async with asyncio.timeout(_LIMIT_SECONDS), asyncio.TaskGroup() as reading:
            for reply in replies[-_MOST:]:
                reading.create_task(read(reply))
    except* (Unavailable, TimeoutError):
        log.warning("portal.messages_unavailable")
        missing = True
    return Messages(found, missing)
