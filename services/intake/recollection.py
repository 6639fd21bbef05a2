"""Procedures that intake took in after the backup are known again; what stood in no fact is to be sent again."""

from collections.abc import Sequence

from infoparquet_contracts.facts import Submitted, Supplemented, Withdrawn

from chassis.recollecting import Found
from chassis.transaction import Transaction
from services.intake import attaching_store, lost_store


class Taken:
    """One reading of the journal."""

    async def take_up(self, transaction: Transaction, found: Sequence[Found]) -> None:
        """Adopt what this service said."""
        connection = transaction.connection
        events = [one.event for one in found if one.event is not None and one.event.source == transaction.source]
        await lost_store.adopt(connection, [event for event in events if isinstance(event.data, Submitted)])
        known = await lost_store.known(connection, [event.subject for event in events])
        for event in events:
            if event.subject not in known:
                continue
            match event.data:
                case Submitted(documents=documents):
                    await attaching_store.adopt(transaction, event, documents)
                case Supplemented(supplement=supplement, documents=documents):
                    await lost_store.adopt_supplement(connection, event)
                    await attaching_store.adopt(transaction, event, documents, supplement)
                case Withdrawn():
                    await lost_store.adopt_withdrawal(connection, event)

    async def go_on(self, transaction: Transaction) -> bool:  # noqa: ARG002 - nothing follows from what was posted
        """Nothing is due."""
        return False
