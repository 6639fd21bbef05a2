"""Numbers that the journal has and a restored database lacks are known again before a new one is given."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Numbered, Submitted
from sqlalchemy.ext.asyncio import AsyncConnection

from services.numbering import store
from services.numbering.allocation import AUTHORITY, read_back
from services.numbering.store import ReadBack


class Numbers:
    """One reading of the journal: a number stands behind its submission, which says for which administration."""

    def __init__(self) -> None:
        self._administrations: dict[UUID, str] = {}

    async def take_up(self, connection: AsyncConnection, events: Sequence[Event[Any]]) -> None:
        """Adopt what this service gave."""
        given: list[ReadBack] = []
        for event in events:
            if isinstance(event.data, Submitted):
                self._administrations.setdefault(event.subject, event.data.administration)
            elif isinstance(event.data, Numbered) and event.source == "/services/numbering":
                allocation = read_back(event.subject, event.data.number)
                administration = self._administrations.pop(event.subject, None)
                given.append(ReadBack(allocation, administration, event.time))
        await store.adopt(connection, given, AUTHORITY)
