"""What query does when facts arrive: every fact goes into its procedure's timeline and the feed, once."""

from collections.abc import Mapping, Sequence
from typing import Any

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.registry import FACTS

from chassis.outbox import Outgoing
from chassis.sources import Handler
from chassis.transaction import Transaction
from services.query import feed_store, figures, related_store, store
from services.query.timeline import grow


async def extend_timelines(transaction: Transaction, facts: Sequence[Event[Any]]) -> list[Outgoing]:
    """Add the facts that are new; what was read before, at whatever offset, changes nothing."""
    connection = transaction.connection
    states = await store.lock_states(connection, {fact.subject for fact in facts})
    known = await store.known_events(connection, {fact.id for fact in facts})
    growth = grow(states, known, facts)
    await store.add_entries(connection, growth.entries, growth.told)
    await store.begin_procedures(connection, growth)
    await related_store.add_occurrences(connection, growth.begun)
    await store.write_states(connection, {one: growth.states[one] for one in growth.states if one in states})
    await figures.recount(connection, growth.states)
    # Last: until the commit nobody else appends.
    await feed_store.append(connection, growth.told)
    return []


HANDLERS: Mapping[type[Payload], Handler] = dict.fromkeys(FACTS, extend_timelines)
