"""What courts answer: each reply is checked against court, delivery and state, and becomes a fact or is refused.

A topic is only ever that court's own, so what stands on it needs no other proof of who said it.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from aiokafka import ConsumerRecord
from infoparquet_contracts import facts, replies
from infoparquet_contracts.codes import ReplyRefusal
from infoparquet_contracts.court import ReplyRefused
from infoparquet_contracts.envelope import Event, id_of
from infoparquet_contracts.identifiers import UUID_PATTERN
from infoparquet_contracts.operations import position_subject
from infoparquet_contracts.registry import REPLIES
from infoparquet_contracts.replies import Reply
from infoparquet_contracts.topics import replies_topic
from pydantic_core import to_json

from chassis.errors import Unprocessable
from chassis.outbox import Outgoing
from chassis.sources import Source
from chassis.transaction import Transaction
from services.routing import reply_store, store
from services.routing.delivery import to_court
from services.routing.dispatch import Dispatch, Steps
from services.routing.progress import Refused, Waits, answer
from services.routing.reply_store import Kept, ReplyOutcome

FACTS: Mapping[type[Reply], type[facts.Replied]] = {
    replies.AcknowledgedReply: facts.Acknowledged,
    replies.RegisteredReply: facts.Registered,
    replies.SupplementRequestedReply: facts.SupplementRequested,
    replies.DeclinedReply: facts.Declined,
    replies.AssignedReply: facts.Assigned,
    replies.DecidedReply: facts.Decided,
    replies.ClosedReply: facts.Closed,
}


def fact_of(tribunal: str, reply: UUID, data: Reply) -> facts.Replied:
    """What the journal is told of a reply."""
    said = {name: getattr(data, name) for name in type(data).model_fields if name != "procedure"}
    return FACTS[type(data)](tribunal=tribunal, reply=reply, **said)


def reply_of(event: Event[facts.Replied]) -> Kept:
    """The reply that became that fact, without its words."""
    model = next(reply for reply, fact in FACTS.items() if fact is type(event.data))
    said = {name: getattr(event.data, name) for name in model.model_fields if name != "procedure"}
    data = model(procedure=event.subject, **said)
    told = Event(event.data.reply, "", data.event_type, event.subject, event.time, data, event.traceparent)
    return Kept.of(event.data.tribunal, told, digest_of(told))


def digest_of(event: Event[Any]) -> bytes:
    """What tells two replies of one id apart."""
    return hashlib.sha256(f"{event.type} {event.subject} ".encode() + to_json(event.data)).digest()


class Answering:
    """What one court writes, taken in."""

    def __init__(self, tribunal: str, dispatch: Dispatch) -> None:
        self.tribunal = tribunal
        self._dispatch = dispatch

    async def take_replies(self, transaction: Transaction, arrived: Sequence[Event[Any]]) -> list[Outgoing]:
        """Each reply once, for ever: a fact, a refusal on the court's topic, or it waits for its delivery's receipt."""
        held = await store.lock(transaction.connection, {event.subject for event in arrived})
        steps = Steps(self._dispatch, transaction, held)
        kept = [Kept.of(self.tribunal, event, digest_of(event)) for event in arrived]
        known = await reply_store.known(transaction.connection, self.tribunal, kept)
        outcomes: list[tuple[Kept, ReplyOutcome]] = []
        for one in kept:
            if one.id not in known.digests:
                refused = not known.refusals.isdisjoint(one.refusals)
                outcomes.append((one, ReplyOutcome.REFUSED if refused else take(steps, one)))
            elif known.digests[one.id] != one.digest:
                steps.say(refusal(transaction, one, ReplyRefusal.REUSED_ID))
        await reply_store.add(transaction.connection, outcomes, transaction.now)
        return await steps.finish()

    def refuse(self, transaction: Transaction, record: ConsumerRecord, fault: Unprocessable) -> list[Outgoing]:
        """Tell the court of a record that cannot be taken; a key that is no procedure's goes nowhere."""
        key = _uuid((record.key or b"").decode(errors="replace"))
        data = ReplyRefused(
            reply=_uuid(id_of(record.headers, record.value)),
            delivery=None,
            code=ReplyRefusal.UNREADABLE,
            pointer=fault.pointer,
        )
        place = position_subject(record.topic, record.partition, record.offset)
        # The same however often it is read.
        event = replace(transaction.event(key or place, data), id=uuid5(place, ReplyRefusal.UNREADABLE.value))
        return to_court(self.tribunal, event)


def take(steps: Steps, reply: Kept) -> ReplyOutcome:
    """What becomes of a reply to a procedure that is locked; a refusal is said, a fact too."""
    procedure = steps.procedures.get(reply.procedure)
    if procedure is None:
        steps.say(refusal(steps.transaction, reply, ReplyRefusal.UNKNOWN_PROCEDURE))
        return ReplyOutcome.REFUSED
    speaker = steps.speaker(reply.procedure, reply.traceparent)
    match answer(procedure, reply.tribunal, fact_of(reply.tribunal, reply.id, reply.data), speaker):
        case Refused(code):
            steps.say(refusal(steps.transaction, reply, code))
            return ReplyOutcome.REFUSED
        case Waits():
            return ReplyOutcome.WAITING
        case outcome:
            steps.take(outcome, reply.traceparent)
            return ReplyOutcome.TAKEN


async def release_waiting(steps: Steps, procedures: Collection[UUID]) -> None:
    """Take the replies that waited for one of these locked procedures, in the order they came."""
    if not procedures:
        return
    connection = steps.transaction.connection
    for reply in await reply_store.waiting(connection, procedures):
        outcome = take(steps, reply)
        if outcome is not ReplyOutcome.WAITING:
            await reply_store.settle(connection, reply, outcome)


def refusal(transaction: Transaction, reply: Kept, code: ReplyRefusal) -> list[Outgoing]:
    """On the court's own topic, the same event however often the reply comes."""
    data = ReplyRefused(reply=reply.id, delivery=reply.data.delivery, code=code, pointer="")
    event = Event(
        id=reply.refusal(code),
        source=transaction.source,
        type=data.event_type,
        subject=reply.procedure,
        time=transaction.now,
        data=data,
        traceparent=reply.traceparent,
    )
    return to_court(reply.tribunal, event)


def sources(courts: Collection[str], dispatch: Dispatch) -> list[Source]:
    """Every court's replies topic."""
    answering = [Answering(code, dispatch) for code in courts]
    return [
        Source(replies_topic(one.tribunal).name, dict.fromkeys(REPLIES, one.take_replies), one.refuse)
        for one in answering
    ]


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text and re.fullmatch(UUID_PATTERN, text) else None
