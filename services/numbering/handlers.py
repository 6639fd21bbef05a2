"""What numbering does when facts arrive."""

from collections.abc import Mapping, Sequence
from typing import Any

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Numbered, Submitted
from infoparquet_contracts.payload import Payload

from chassis.outbox import Outgoing, to_journal
from chassis.sources import Handler
from chassis.transaction import Transaction
from services.numbering import store
from services.numbering.allocation import AUTHORITY, Request, allocate, numbers_wanted


async def allocate_numbers(transaction: Transaction, submitted: Sequence[Event[Any]]) -> list[Outgoing]:
    """One number a procedure, for ever; a procedure that has one keeps it and nothing is said again."""
    facts: dict[Any, Event[Submitted]] = {}
    for event in submitted:
        facts.setdefault(event.subject, event)
    already = await store.numbered(transaction.connection, facts)
    requests = [Request(one, fact.data.submitted_at) for one, fact in facts.items() if one not in already]
    if not requests:
        return []
    last = await store.take(transaction.connection, numbers_wanted(requests))
    allocations = list(allocate(requests, last))
    administrations = {one: fact.data.administration for one, fact in facts.items()}
    await store.keep(transaction.connection, allocations, administrations, AUTHORITY, transaction.now)
    return [
        outgoing
        for one in allocations
        for outgoing in to_journal(
            transaction.answer(facts[one.procedure], Numbered(number=one.number, authority=AUTHORITY)),
            urgent=facts[one.procedure].data.urgency is not None,
        )
    ]


HANDLERS: Mapping[type[Payload], Handler] = {Submitted: allocate_numbers}
