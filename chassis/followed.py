"""The facts a service has folded into what it keeps of their procedures: each once, for ever, without a window."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from infoparquet_contracts import facts
from infoparquet_contracts.codes import Status
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.status import State
from sqlalchemy import Column, MetaData, Table, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.comparison import Fact
from chassis.database import among

V1 = "CREATE TABLE followed_facts (event_id uuid PRIMARY KEY, procedure_id uuid NOT NULL)"

metadata = MetaData()

followed_facts = Table(
    "followed_facts",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("procedure_id", Uuid, nullable=False),
)

_FOLLOW = text("""
    INSERT INTO followed_facts (event_id, procedure_id)
    SELECT * FROM unnest(CAST(:events AS uuid[]), CAST(:procedures AS uuid[]))
    ON CONFLICT DO NOTHING RETURNING event_id
""")

# All that moves a procedure's state, but `submitted`, which begins it.
MOVING: tuple[type[Payload], ...] = (
    facts.Withdrawn,
    facts.Numbered,
    facts.Routed,
    facts.Unroutable,
    facts.Delivered,
    facts.Acknowledged,
    facts.Registered,
    facts.SupplementRequested,
    facts.Declined,
    facts.Assigned,
    facts.Decided,
    facts.Closed,
)

_SAVE = text("""
    UPDATE procedures AS p
    SET status = s.status, number = s.number, tribunal = s.tribunal, delivery = s.delivery,
        withdrawal_requested = s.withdrawal_requested
    FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:numbers AS text[]),
                CAST(:tribunals AS text[]), CAST(:deliveries AS uuid[]), CAST(:withdrawals AS boolean[]))
         AS s (id, status, number, tribunal, delivery, withdrawal_requested)
    WHERE p.id = s.id
""")


def create_v1(op: Any) -> None:  # noqa: ANN401 - Alembic's proxy module
    """As first shipped; a migration calls it."""
    op.execute(V1)


async def mark_followed(connection: AsyncConnection, events: Mapping[UUID, UUID]) -> set[UUID]:
    """Remember facts (event id to procedure) as followed; returns those that were not before."""
    values = {"events": list(events), "procedures": list(events.values())}
    return set((await connection.execute(_FOLLOW, values)).scalars())


async def unfollowed(connection: AsyncConnection, facts: Collection[Fact]) -> set[UUID]:
    """Those that were not followed, for whatever reason."""
    ids = {fact.id for fact in facts}
    followed = select(followed_facts.c.event_id).where(among(followed_facts.c.event_id, ids))
    return ids - set((await connection.execute(followed)).scalars())


async def save_states(connection: AsyncConnection, states: Mapping[UUID, State]) -> None:
    """Keep where procedures stand now, in the columns of a `procedures` table that `state_of` reads."""
    values = {
        "ids": list(states),
        "statuses": [state.status.value for state in states.values()],
        "numbers": [state.number for state in states.values()],
        "tribunals": [state.tribunal for state in states.values()],
        "deliveries": [state.delivery for state in states.values()],
        "withdrawals": [state.withdrawal_requested for state in states.values()],
    }
    await connection.execute(_SAVE, values)


def state_of(row: Any) -> State:  # noqa: ANN401 - a row of a `procedures` table
    """As far as `save_states` keeps it: neither urgency nor who declined."""
    return State(
        Status(row.status),
        number=row.number,
        tribunal=row.tribunal,
        delivery=row.delivery,
        withdrawal_requested=row.withdrawal_requested,
    )
