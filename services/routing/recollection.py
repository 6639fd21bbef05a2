"""What routing published and its restored database lacks: procedures go on from there; no court is handed one twice.

The facts come from the journal, what courts were told from their topics, to the letter. What courts wrote is read again
from the places of the backup, and known by what was said of it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from infoparquet_contracts import facts
from infoparquet_contracts.court import ReplyRefused
from infoparquet_contracts.envelope import Event, Record, type_of
from infoparquet_contracts.topics import JOURNAL, tribunal_topic

from chassis.comparison import Fact
from chassis.followed import MOVING, unfollowed
from chassis.recollecting import Found
from chassis.said_facts import is_said_by
from chassis.transaction import Transaction
from services.routing import reply_store, store, told_store
from services.routing.dispatch import Dispatch, Steps
from services.routing.progress import Procedure
from services.routing.recalled import begin_again, recall, resume
from services.routing.replies import reply_of
from services.routing.store import Handover
from services.routing.told_store import Told

# Of others, what moves a procedure that routing has spoken of.
OTHERS = (facts.Submitted, facts.Numbered, facts.Withdrawn)
RESUMED_AT_ONCE = 200


class Forgotten:
    """One reading."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        # What others said of procedures of which nothing of ours was read yet.
        self._others: dict[UUID, list[Event[Any]]] = {}
        # Those that are known again; dictionaries keep an order.
        self._recalled: dict[UUID, None] = {}

    async def take_up(self, transaction: Transaction, found: Sequence[Found]) -> None:
        """Know procedures again, and what their courts were told."""
        events = [one.event for one in found if one.event is not None and one.record.topic == JOURNAL.name]
        await self._take_facts(transaction, [event for event in events if _moves(transaction, event)])
        told = [one for one in found if _is_told(transaction, one)]
        refused = [one.event for one in told if one.event and isinstance(one.event.data, ReplyRefused)]
        await reply_store.refuse(
            transaction.connection, {event.subject for event in refused}, {event.id for event in refused}
        )
        messages = [_told(one) for one in told if not _is_refusal(one)]
        # Where its submission is in no log any more, what a court was told of a procedure is nobody's.
        known = await store.known(transaction.connection, {one.procedure for one in messages})
        await told_store.keep(transaction.connection, [one for one in messages if one.procedure in known])

    async def go_on(self, transaction: Transaction) -> bool:
        """Procedures take the step that is due."""
        ids = list(self._recalled)[:RESUMED_AT_ONCE]
        held = await store.lock(transaction.connection, ids)
        steps = Steps(self._dispatch, transaction, held)
        for one in ids:
            steps.take(resume(held[one], steps.speaker(one, None)), None)
            del self._recalled[one]
        transaction.say(await steps.finish())
        return bool(self._recalled)

    async def _take_facts(self, transaction: Transaction, arrived: Sequence[Event[Any]]) -> None:
        connection = transaction.connection
        unread = await unfollowed(connection, [Fact(event.id, event.subject, event.type) for event in arrived])
        fresh = [event for event in arrived if event.id in unread]
        ours = {event.subject for event in fresh if event.source == transaction.source}
        held = await store.lock(connection, ours | (self._recalled.keys() & {event.subject for event in fresh}))
        recalled: list[Event[Any]] = []
        for event in fresh:
            if event.source != transaction.source and event.subject not in self._recalled:
                self._others.setdefault(event.subject, []).append(event)
            elif procedure := self._known(held, event.subject):
                held[event.subject] = recall(procedure, event)
                recalled.append(event)
        await store.save(
            connection, [held[one] for one in {event.subject: None for event in recalled}], transaction.now
        )
        await _keep_what_was_done(transaction, recalled)

    def _known(self, held: dict[UUID, Procedure], one: UUID) -> Procedure | None:
        """A procedure with what others said of it before; None where its submission is in no log any more."""
        others, procedure = self._others.pop(one, []), held.get(one)
        if procedure is None:
            submitted = next((event for event in others if isinstance(event.data, facts.Submitted)), None)
            procedure = None if submitted is None else begin_again(submitted)
        if procedure is None:
            return None
        self._recalled[one] = None
        for event in others:
            procedure = recall(procedure, event)
        return procedure


async def _keep_what_was_done(transaction: Transaction, recalled: Sequence[Event[Any]]) -> None:
    connection = transaction.connection
    for event in recalled:
        if isinstance(event.data, facts.Delivered):
            handed = Handover(event.data.delivery, event.subject, event.data.tribunal)
            await store.hand_over(connection, [handed], event.time)
    answered = [(reply_of(event), event.time) for event in recalled if isinstance(event.data, facts.Replied)]
    await reply_store.adopt(connection, answered)


def _moves(transaction: Transaction, event: Event[Any]) -> bool:
    return isinstance(event.data, MOVING if event.source == transaction.source else OTHERS)


def _is_told(transaction: Transaction, found: Found) -> bool:
    """Whether it stands on a court's topic, and is ours."""
    return is_said_by(transaction.source, found.record) and found.record.topic == tribunal_topic(_court(found)).name


def _court(found: Found) -> str:
    return str(found.record.topic).split(".")[2]


def _is_refusal(found: Found) -> bool:
    return type_of(found.record.headers, found.record.value) == ReplyRefused.event_type


def _told(found: Found) -> Told:
    record = found.record
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return Told(_court(found), UUID(record.key.decode()), at, Record(record.key, record.value, tuple(record.headers)))
