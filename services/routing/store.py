"""Procedures in routing's hands, and what was handed to which court."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Delivered, Routed, Submitted, Unroutable
from infoparquet_contracts.status import State
from infoparquet_contracts.versions import types_of
from pydantic import TypeAdapter
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import forms
from chassis.database import among
from services.routing.progress import Added, Handed, Procedure, waits_for_operator

metadata = MetaData()
_STATE = TypeAdapter(State)
_ADDED = TypeAdapter(tuple[Added, ...])
_OLDEST_DECISION = types_of(Routed)[-1]

procedures = Table(
    "procedures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("submitted", JSONB, nullable=False),
    # The fold of the contracts over the journal as it was read, and our own facts that it has not brought back yet.
    Column("state", JSONB, nullable=False),
    Column("said", JSONB, nullable=False, server_default="[]"),
    # In the versions that are in force: the oldest, and the newer ones by type.
    Column("decision", JSONB),
    Column("newer_decision", JSONB),
    Column("undecided", JSONB),
    # The delivery in force and its court, None until it is handed over and once it is recalled.
    Column("delivery", Uuid, unique=True),
    Column("tribunal", Text),
    Column("courts", JSONB, nullable=False, server_default="[]"),
    Column("added", JSONB, nullable=False, server_default="[]"),
    # Since when it waits for an operator, None while it does not.
    Column("queued_at", DateTime(timezone=True)),
    Index("procedures_queued", "queued_at", "id", postgresql_where="queued_at IS NOT NULL"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("procedure_id", Uuid, ForeignKey("procedures.id"), nullable=False),
    Column("tribunal", Text, nullable=False),
    Column("handed_at", DateTime(timezone=True), nullable=False),
    # The receipt, as the journal has it.
    Column("partition", Integer),
    Column("offset", BigInteger),
    Column("placed_at", DateTime(timezone=True)),
    Index("deliveries_procedure", "procedure_id"),
)

_WRITTEN = """
    SELECT id, CAST(submitted AS jsonb), CAST(state AS jsonb), CAST(said AS jsonb), CAST(decision AS jsonb),
           CAST(newer_decision AS jsonb), CAST(undecided AS jsonb), delivery, tribunal, CAST(courts AS jsonb),
           CAST(added AS jsonb), CASE WHEN queued THEN CAST(:now AS timestamptz) END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:submitted AS text[]), CAST(:states AS text[]), CAST(:said AS text[]),
                CAST(:decisions AS text[]), CAST(:newer AS text[]), CAST(:undecided AS text[]),
                CAST(:deliveries AS uuid[]), CAST(:tribunals AS text[]), CAST(:courts AS text[]),
                CAST(:added AS text[]), CAST(:queued AS boolean[]))
         AS w (id, submitted, state, said, decision, newer_decision, undecided, delivery, tribunal, courts, added,
               queued)
"""
_COLUMNS = (
    "id, submitted, state, said, decision, newer_decision, undecided, delivery, tribunal, courts, added, queued_at"
)

_SAVE = text(f"""
    INSERT INTO procedures AS p ({_COLUMNS}) {_WRITTEN}
    ON CONFLICT (id) DO UPDATE SET
        state = excluded.state, said = excluded.said, decision = excluded.decision,
        newer_decision = excluded.newer_decision, undecided = excluded.undecided,
        delivery = excluded.delivery, tribunal = excluded.tribunal, courts = excluded.courts,
        added = excluded.added,
        queued_at = CASE WHEN excluded.queued_at IS NOT NULL THEN coalesce(p.queued_at, excluded.queued_at) END
""")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A procedure in the operators' queue."""

    procedure: Procedure
    since: datetime


@dataclass(frozen=True, slots=True)
class Handover:
    """A delivery that was just put into the outbox."""

    delivery: UUID
    procedure: UUID
    tribunal: str


async def lock(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Procedure]:
    """The procedures, held until the transaction ends; always locked in one order."""
    ordered = select(procedures).where(among(procedures.c.id, ids)).order_by(procedures.c.id).with_for_update()
    return {row.id: _procedure(row) for row in await connection.execute(ordered)}


async def known(connection: AsyncConnection, ids: Collection[UUID]) -> set[UUID]:
    """Those of the procedures that routing has read of."""
    return set((await connection.execute(select(procedures.c.id).where(among(procedures.c.id, ids)))).scalars())


async def find(connection: AsyncConnection, one: UUID) -> Procedure | None:
    """A procedure, None where routing has read of none."""
    row = (await connection.execute(select(procedures).where(procedures.c.id == one))).one_or_none()
    return None if row is None else _procedure(row)


async def save(connection: AsyncConnection, changed: Collection[Procedure], now: datetime) -> None:
    """Keep procedures, new ones and those that are locked."""
    if not changed:
        return
    decisions = [one.decision and forms.keep(one.decision) for one in changed]
    values = {
        "now": now,
        "ids": [one.id for one in changed],
        "submitted": [one.submitted.model_dump_json() for one in changed],
        "states": [_STATE.dump_json(one.state).decode() for one in changed],
        "said": [json.dumps([_written(event) for event in one.said]) for one in changed],
        "decisions": [kept and kept.data for kept in decisions],
        "newer": [kept and kept.newer for kept in decisions],
        "undecided": [one.undecided and one.undecided.model_dump_json() for one in changed],
        "deliveries": [one.handed and one.handed.delivery for one in changed],
        "tribunals": [one.handed and one.handed.tribunal for one in changed],
        "courts": [json.dumps(one.courts) for one in changed],
        "added": [_ADDED.dump_json(one.added).decode() for one in changed],
        "queued": [waits_for_operator(one) for one in changed],
    }
    await connection.execute(_SAVE, values)


async def hand_over(connection: AsyncConnection, handed: Sequence[Handover], at: datetime) -> None:
    """Record deliveries that are on their way to their courts."""
    rows = [
        {"id": one.delivery, "procedure_id": one.procedure, "tribunal": one.tribunal, "handed_at": at} for one in handed
    ]
    if rows:
        await connection.execute(insert(deliveries).on_conflict_do_nothing(), rows)


async def store_receipts(connection: AsyncConnection, receipts: Sequence[Delivered]) -> None:
    """Keep where the broker put each delivery."""
    rows = [
        {"one": one.delivery, "at_partition": one.partition, "at_offset": one.offset, "at_time": one.at}
        for one in receipts
    ]
    placing = update(deliveries).where(deliveries.c.id == bindparam("one"))
    values: dict[Any, Any] = {
        deliveries.c.partition: bindparam("at_partition"),
        deliveries.c.offset: bindparam("at_offset"),
        deliveries.c.placed_at: bindparam("at_time"),
    }
    if rows:
        await connection.execute(placing.values(values), rows)


async def queue(connection: AsyncConnection, limit: int, only: UUID | None = None) -> list[Waiting]:
    """The operators' queue: the urgent first, then the oldest; or the `only` one of it."""
    waiting = select(procedures).where(procedures.c.queued_at.is_not(None))
    if only is not None:
        waiting = waiting.where(procedures.c.id == only)
    ordered = waiting.order_by(
        procedures.c.submitted["urgency"].astext.is_(None), procedures.c.queued_at, procedures.c.id
    )
    return [Waiting(_procedure(row), row.queued_at) for row in await connection.execute(ordered.limit(limit))]


async def queued(connection: AsyncConnection, after: UUID | None, limit: int) -> list[UUID]:
    """The ids of the queue, page by page."""
    waiting = select(procedures.c.id).where(procedures.c.queued_at.is_not(None))
    page = waiting if after is None else waiting.where(procedures.c.id > after)
    return list((await connection.execute(page.order_by(procedures.c.id).limit(limit))).scalars())


async def submissions(connection: AsyncConnection, after: UUID | None, limit: int) -> list[tuple[UUID, Submitted]]:
    """Every procedure as it was submitted, page by page."""
    every = select(procedures.c.id, procedures.c.submitted)
    page = every if after is None else every.where(procedures.c.id > after)
    rows = await connection.execute(page.order_by(procedures.c.id).limit(limit))
    return [(row.id, Submitted.model_validate(row.submitted, extra="ignore")) for row in rows]


async def queue_length(connection: AsyncConnection) -> int:
    """How many wait for an operator."""
    waiting = select(func.count()).select_from(procedures).where(procedures.c.queued_at.is_not(None))
    return (await connection.execute(waiting)).scalar_one()


def _written(event: Event[Any]) -> dict[str, Any]:
    kept = forms.keep(event.data)
    return {
        "id": str(event.id),
        "source": event.source,
        "type": kept.type,
        "time": event.time.isoformat(),
        "data": json.loads(kept.data),
        "newer": kept.newer and json.loads(kept.newer),
    }


def _read(said: dict[str, Any], subject: UUID) -> Event[Any] | None:
    """None where it is of a newer release alone: that one hears it when the journal brings it back."""
    data = forms.recall(said["type"], said["data"], said.get("newer"))
    if data is None:
        return None
    time = datetime.fromisoformat(said["time"])
    return Event(UUID(said["id"]), said["source"], data.event_type, subject, time, data)


def _decision(row: Any) -> Routed | None:  # noqa: ANN401 - a row of the whole table
    if row.decision is None:
        return None
    decision = forms.recall(_OLDEST_DECISION, row.decision, row.newer_decision)
    assert isinstance(decision, Routed)  # noqa: S101 - its oldest form is always there
    return decision


def _procedure(row: Any) -> Procedure:  # noqa: ANN401 - a row of the whole table
    return Procedure(
        id=row.id,
        submitted=Submitted.model_validate(row.submitted, extra="ignore"),
        state=_STATE.validate_python(row.state),
        said=tuple(event for said in row.said if (event := _read(said, row.id)) is not None),
        decision=_decision(row),
        undecided=None if row.undecided is None else Unroutable.model_validate(row.undecided, extra="ignore"),
        handed=None if row.delivery is None else Handed(row.delivery, row.tribunal),
        courts=tuple(row.courts),
        added=_ADDED.validate_python(row.added),
    )
