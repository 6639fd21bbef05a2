"""Procedures as their facts add up, and their timelines."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from infoparquet_contracts.codes import Kind
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.status import Ineffective, State
from pydantic import TypeAdapter
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Computed,
    Date,
    DateTime,
    Identity,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    delete,
    false,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import forms
from chassis.comparison import Fact
from chassis.database import among
from chassis.transaction import Transaction
from services.query.codes import codes_of
from services.query.timeline import Entry, Growth, Procedure

metadata = MetaData()
_STATE = TypeAdapter(State)

procedures = Table(
    "procedures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("administration", Text, nullable=False),
    Column("service", Text),
    Column("reference", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("submitted_at", DateTime(timezone=True), nullable=False),
    Column("state", JSONB, nullable=False),
    Column("status", Text, Computed("state ->> 'status'"), nullable=False),
    Column("number", Text, Computed("state ->> 'number'")),
    Column("tribunal", Text, Computed("state ->> 'tribunal'")),
    Column("urgent", Boolean, Computed("state -> 'urgency' <> 'null'"), nullable=False),
    # Whether the court in force has had its delivery.
    Column("held", Boolean, Computed("state -> 'delivery' <> 'null'"), nullable=False),
    # The courts that declined, None where none did.
    Column("declined_by", JSONB, Computed("nullif(state -> 'declined_by', '[]')")),
    # What it is about, as `codes` writes it.
    Column("codes", ARRAY(Text), nullable=False, server_default="{}"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("id", Uuid, primary_key=True),
    # The facts of one procedure are added in the journal's order, so their places follow it.
    Column("place", BigInteger, Identity(always=True), nullable=False),
    Column("procedure_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("data", JSONB, nullable=False),
    # The newer versions of the fact by type, None where it has one only.
    Column("newer", JSONB),
    Column("traceparent", Text),
    Column("why_not", Text),
    # Whether the feed has it: not while its procedure is unknown, nor where the release before added it.
    Column("fed", Boolean, nullable=False, server_default=false()),
)


# What figures are made from, written anew with each state (`figures.py`): the same columns for rights, and no more.
figures = Table(
    "figures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("submitted_at", DateTime(timezone=True), nullable=False),
    Column("status_at", DateTime(timezone=True), nullable=False),
    # When the last day in which an urgent procedure has to be taken in hand is over.
    Column("due_at", DateTime(timezone=True)),
    # Milliseconds after the submission, rounded up.
    Column("numbered_after", BigInteger),
    Column("delivered_after", BigInteger),
    Column("acknowledged_after", BigInteger),
    Column("decided_after", BigInteger),
    Column("urgent", Boolean, nullable=False),
    Column("held", Boolean, nullable=False),
    # Whether it ever was.
    Column("unroutable", Boolean, nullable=False),
    Column("withdrawal_requested", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("administration", Text, nullable=False),
    Column("tribunal", Text),
    # The first letters of its NATAFF codes, each once, in order.
    Column("families", Text, nullable=False),
    Column("declined_by", JSONB),
)

# Where, when and of what kind the facts were: a row a pair of `related`.
occurrences = Table(
    "occurrences",
    metadata,
    Column("pair", Text),
    Column("since", Date),
    Column("until", Date),
    Column("procedure_id", Uuid),
    Column("administration", Text, nullable=False),
    PrimaryKeyConstraint("pair", "since", "until", "procedure_id", postgresql_include=["administration"]),
    Index("occurrences_procedure", "procedure_id"),
)


async def lock_states(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, State]:
    """The states of those that were submitted, held until the transaction ends; always locked in one order."""
    ordered = select(procedures.c.id, procedures.c.state).where(among(procedures.c.id, ids)).order_by(procedures.c.id)
    return {row.id: _STATE.validate_python(row.state) for row in await connection.execute(ordered.with_for_update())}


async def known_events(connection: AsyncConnection, ids: Collection[UUID]) -> set[UUID]:
    """Those of the events that are in a timeline."""
    return set((await connection.execute(select(timeline.c.id).where(among(timeline.c.id, ids)))).scalars())


async def unshown(connection: AsyncConnection, facts: Collection[Fact]) -> set[UUID]:
    """Those of the facts that no timeline shows: it lacks them, its procedure is gone, or they came before it began."""
    shown = select(timeline.c.id).join(procedures, procedures.c.id == timeline.c.procedure_id)
    ids = {fact.id for fact in facts}
    begun = timeline.c.why_not.is_distinct_from(Ineffective.NOT_SUBMITTED.value)
    return ids - set((await connection.execute(shown.where(among(timeline.c.id, ids), begun))).scalars())


async def forget(transaction: Transaction, ids: Collection[UUID]) -> None:
    """Let go of procedures with their timelines: a fact that comes late cannot be put in its place."""
    connection = transaction.connection
    await lock_states(connection, ids)
    await connection.execute(delete(timeline).where(among(timeline.c.procedure_id, ids)))
    await connection.execute(delete(procedures).where(among(procedures.c.id, ids)))
    await connection.execute(delete(occurrences).where(among(occurrences.c.procedure_id, ids)))
    await connection.execute(delete(figures).where(among(figures.c.id, ids)))


async def add_entries(connection: AsyncConnection, entries: Sequence[Entry], fed: Collection[UUID]) -> None:
    """Add to the timelines, in the order given; `fed` are the ids of those that the feed is given too."""
    if not entries:
        return
    events = [entry.event for entry in entries]
    kept = [forms.keep(event.data) for event in events]
    await connection.execute(
        text("""INSERT INTO timeline (id, procedure_id, type, source, time, data, newer, traceparent,
                                      why_not, fed)
                SELECT id, procedure_id, type, source, time, CAST(data AS jsonb), CAST(newer AS jsonb), traceparent,
                       why_not, fed
                FROM unnest(CAST(:ids AS uuid[]), CAST(:procedures AS uuid[]), CAST(:types AS text[]),
                            CAST(:sources AS text[]), CAST(:times AS timestamptz[]), CAST(:data AS text[]),
                            CAST(:newer AS text[]), CAST(:traceparents AS text[]), CAST(:reasons AS text[]),
                            CAST(:fed AS boolean[]))
                     WITH ORDINALITY
                     AS e (id, procedure_id, type, source, time, data, newer, traceparent, why_not, fed, place)
                ORDER BY e.place
                ON CONFLICT (id) DO NOTHING"""),
        {
            "ids": [event.id for event in events],
            "procedures": [event.subject for event in events],
            "types": [one.type for one in kept],
            "sources": [event.source for event in events],
            "times": [event.time for event in events],
            "data": [one.data for one in kept],
            "newer": [one.newer for one in kept],
            "traceparents": [event.traceparent for event in events],
            "reasons": [entry.why_not for entry in entries],
            "fed": [event.id in fed for event in events],
        },
    )


async def begin_procedures(connection: AsyncConnection, growth: Growth) -> None:
    """Add the procedures that were submitted, in the states they are in by now."""
    if not growth.begun:
        return
    await connection.execute(
        text("""INSERT INTO procedures (id, administration, service, reference, kind, submitted_at, state, codes)
                SELECT id, administration, service, reference, kind, submitted_at, CAST(state AS jsonb),
                       string_to_array(codes, ',')
                FROM unnest(CAST(:ids AS uuid[]), CAST(:administrations AS text[]), CAST(:services AS text[]),
                            CAST(:references AS text[]), CAST(:kinds AS text[]), CAST(:times AS timestamptz[]),
                            CAST(:states AS text[]), CAST(:codes AS text[]))
                     AS p (id, administration, service, reference, kind, submitted_at, state, codes)
                ON CONFLICT (id) DO NOTHING"""),
        {
            "ids": list(growth.begun),
            "administrations": [submitted.administration for submitted in growth.begun.values()],
            "services": [submitted.service for submitted in growth.begun.values()],
            "references": [submitted.reference for submitted in growth.begun.values()],
            "kinds": [submitted.kind for submitted in growth.begun.values()],
            "times": [submitted.submitted_at for submitted in growth.begun.values()],
            "states": [_written(growth.states[one]) for one in growth.begun],
            # Arrays of different lengths make no array.
            "codes": [",".join(codes_of(submitted)) for submitted in growth.begun.values()],
        },
    )


async def write_states(connection: AsyncConnection, states: Mapping[UUID, State]) -> None:
    """Replace the states of procedures that are locked."""
    if not states:
        return
    await connection.execute(
        text("""UPDATE procedures AS p SET state = CAST(s.state AS jsonb)
                FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[])) AS s (id, state)
                WHERE p.id = s.id"""),
        {"ids": list(states), "states": [_written(state) for state in states.values()]},
    )


async def find(connection: AsyncConnection, *which: ColumnElement[bool]) -> Procedure | None:
    """The procedure for which the conditions hold, with its timeline: one statement, so that they agree."""
    # Two procedures never have one number; should they, the earliest is meant.
    chosen = select(procedures).where(*which).order_by(procedures.c.submitted_at).limit(1).subquery("chosen")
    joined = chosen.join(timeline, timeline.c.procedure_id == chosen.c.id)
    said = [timeline.c[name].label(f"event_{name}") for name in timeline.c.keys()]  # noqa: SIM118 - not a dict
    rows = (await connection.execute(select(chosen, *said).select_from(joined).order_by(timeline.c.place))).all()
    return _procedure(rows) if rows else None


def _procedure(rows: Sequence[Any]) -> Procedure:
    first = rows[0]
    return Procedure(
        first.id,
        first.administration,
        first.service,
        first.reference,
        Kind(first.kind),
        first.submitted_at,
        _STATE.validate_python(first.state),
        [entry for row in rows if (entry := _entry(row)) is not None],
    )


def _entry(row: Any) -> Entry | None:  # noqa: ANN401 - a row of the statement above
    """None where a newer release alone knows the fact: that one shows it."""
    data = forms.recall(row.event_type, row.event_data, row.event_newer)
    if data is None:
        return None
    event = Event(
        id=row.event_id,
        source=row.event_source,
        type=data.event_type,
        subject=row.id,
        time=row.event_time,
        data=data,
        traceparent=row.event_traceparent,
    )
    return Entry(event, None if row.event_why_not is None else Ineffective(row.event_why_not))


def _written(state: State) -> str:
    return _STATE.dump_json(state).decode()
