"""Numbers that the journal has and a restored database lacks are known again before a new one is given."""

from collections.abc import Sequence
from uuid import UUID

from infoparquet_contracts.facts import Numbered, Submitted

from chassis.recollecting import Found
from chassis.transaction import Transaction
from services.numbering import store
from services.numbering.allocation import AUTHORITY, read_back
from services.numbering.store import ReadBack


class Numbers:
    """One reading of the journal: a number stands behind its submission, which says for which administration."""

    def __init__(self) -> None:
        self._administrations: dict[UUID, str] = {}

    async def take_up(self, transaction: Transaction, found: Sequence[Found]) -> None:
        """Adopt what this service gave."""
        given: list[ReadBack] = []
        for event in (one.event for one in found if one.event):
            if isinstance(event.data, Submitted):
                self._administrations.setdefault(event.subject, event.data.administration)
            elif isinstance(event.data, Numbered) and event.source == transaction.source:
                allocation = read_back(event.subject, event.data.number)
                administration = self._administrations.pop(event.subject, None)
                given.append(ReadBack(allocation, administration, event.time))
        await store.adopt(transaction.connection, given, AUTHORITY)

    async def go_on(self, transaction: Transaction) -> bool:  # noqa: ARG002 - what has no number is read anew
        """Nothing is due."""
        return False
