"""What routing does when facts arrive: it decides on courts, hands over, and keeps each court up to date."""

from collections.abc import Sequence
from typing import Any

from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Delivered, Submitted, Supplemented, Withdrawn

from chassis import followed
from chassis.errors import Unprocessable
from chassis.outbox import Outgoing
from chassis.sources import Handlers
from chassis.transaction import Transaction
from services.routing import store
from services.routing.dispatch import Dispatch, Steps
from services.routing.progress import begin, hear
from services.routing.replies import release_waiting


class Following:
    """The handlers, with what they decide by."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    async def advance_procedures(self, transaction: Transaction, arrived: Sequence[Event[Any]]) -> list[Outgoing]:
        """Take the next step of each procedure, fact by fact; a fact that was followed before changes nothing."""
        connection = transaction.connection
        held = await store.lock(connection, {event.subject for event in arrived})
        fresh = await followed.mark_followed(connection, {event.id: event.subject for event in arrived})
        steps = Steps(self._dispatch, transaction, held)
        for event in arrived:
            if event.id in fresh:
                fresh.discard(event.id)
                self._follow(steps, event)
        await store.store_receipts(connection, [one.data for one in arrived if isinstance(one.data, Delivered)])
        # A receipt, or a withdrawal in its place, is what replies that came too early wait for.
        settled = {one.subject for one in arrived if isinstance(one.data, Delivered | Withdrawn)}
        await release_waiting(steps, settled)
        return await steps.finish()

    def _follow(self, steps: Steps, event: Event[Any]) -> None:
        speaker = steps.speaker(event.subject, event.traceparent)
        procedure = steps.procedures.get(event.subject)
        if procedure is not None:
            steps.take(hear(procedure, event, speaker), event.traceparent)
        elif isinstance(event.data, Submitted):
            steps.take(begin(event, speaker), event.traceparent)
        else:
            # A fact of a procedure that was never submitted: nobody's to apply.
            raise Unprocessable(DeadLetterCode.UNPROCESSABLE)


def handlers(dispatch: Dispatch) -> Handlers:
    """Which function reacts to which fact; its own too, when the journal brings them back."""
    return dict.fromkeys((Submitted, Supplemented, *followed.MOVING), Following(dispatch).advance_procedures)
