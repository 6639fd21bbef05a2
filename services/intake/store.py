"""Procedures as intake knows them, their dossiers, and who read them.

People and words are in `dossiers`, and what is added later in `additions_store`: they can be erased there when their
time is over.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from infoparquet_contracts.codes import Status
from infoparquet_contracts.status import State
from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    false,
    insert,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import among
from chassis.followed import state_of
from chassis.identity import Caller
from chassis.transaction import Transaction

metadata = MetaData()

procedures = Table(
    "procedures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("administration", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("submitted_at", DateTime(timezone=True), nullable=False),
    # The fold of the contracts, as far as it decides who may read the dossier.
    Column("status", Text, nullable=False, server_default=Status.SUBMITTED.value),
    Column("number", Text),
    Column("tribunal", Text),
    Column("delivery", Uuid),
    Column("withdrawal_requested", Boolean, nullable=False, server_default=false()),
    Index("procedures_reference", "administration", "reference"),
)

dossiers = Table(
    "dossiers",
    metadata,
    Column("procedure_id", Uuid, ForeignKey("procedures.id"), primary_key=True),
    # As it was sent.
    Column("content", JSON, nullable=False),
)

# Those that are to be sent again, after a restore.
lost_dossiers = Table(
    "lost_dossiers", metadata, Column("procedure_id", Uuid, ForeignKey("procedures.id"), primary_key=True)
)

dossier_readings = Table(
    "dossier_readings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("procedure_id", Uuid, ForeignKey("procedures.id"), nullable=False),
    Column("part", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    Index("dossier_readings_procedure", "procedure_id", "read_at"),
)


@dataclass(frozen=True, slots=True)
class NewProcedure:
    """`content` is the dossier as JSON text."""

    id: UUID
    reference: str
    submitted_at: datetime
    content: str


@dataclass(frozen=True, slots=True)
class Procedure:
    """A procedure and where it stands."""

    id: UUID
    administration: str
    reference: str
    submitted_at: datetime
    state: State


# One whose dossier was lost and that was posted under the same key, whose mark ends its id, gets it back.
_ADD = text("""
    WITH one AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:references AS text[]), CAST(:times AS timestamptz[]),
                             CAST(:contents AS text[])) AS one (id, reference, submitted_at, content)),
    found AS (
        DELETE FROM lost_dossiers AS l USING one, procedures AS p
        WHERE l.procedure_id = p.id AND p.administration = :administration AND p.reference = one.reference
          AND substring(uuid_send(p.id) FROM 9) = substring(uuid_send(one.id) FROM 9)
        RETURNING one.id, p.id AS lost),
    added AS (
        INSERT INTO procedures (id, administration, reference, submitted_at)
        SELECT id, :administration, reference, submitted_at FROM one WHERE id NOT IN (SELECT id FROM found)),
    kept AS (
        INSERT INTO dossiers (procedure_id, content)
        SELECT coalesce(found.lost, one.id), CAST(one.content AS json) FROM one LEFT JOIN found USING (id))
    SELECT id, lost FROM found
""")

# Two are enough to know, however many there are.
_SHARED = text("""
    SELECT one.reference FROM unnest(CAST(:references AS text[])) AS one (reference)
    WHERE (SELECT count(*) FROM (SELECT FROM procedures AS p
           WHERE p.administration = :administration AND p.reference = one.reference LIMIT 2) AS two) = 2
""")


async def add(connection: AsyncConnection, administration: str, new: Sequence[NewProcedure]) -> dict[UUID, UUID]:
    """Keep new procedures and their dossiers; those that are not new, by the ids given, and had lost their dossiers."""
    values = {
        "administration": administration,
        "times": [one.submitted_at for one in new],
        "ids": [one.id for one in new],
        "references": [one.reference for one in new],
        "contents": [one.content for one in new],
    }
    return {row.id: row.lost for row in await connection.execute(_ADD, values)}


async def shared_references(connection: AsyncConnection, administration: str, references: Collection[str]) -> set[str]:
    """Those of the references that several procedures of the administration carry."""
    values = {"administration": administration, "references": list(references)}
    return set((await connection.execute(_SHARED, values)).scalars())


async def find_all(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Procedure]:
    """Those of the procedures that there are."""
    found = await connection.execute(select(procedures).where(among(procedures.c.id, ids)))
    return {row.id: _procedure(row) for row in found}


async def find(connection: AsyncConnection, one: UUID) -> Procedure | None:
    """A procedure, None where there is none of this id."""
    return (await find_all(connection, [one])).get(one)


async def lock_own(connection: AsyncConnection, one: UUID, administration: str) -> Procedure | None:
    """A procedure of that administration, held until the transaction ends; None where it has none of this id."""
    own = select(procedures).where(procedures.c.id == one, procedures.c.administration == administration)
    row = (await connection.execute(own.with_for_update())).one_or_none()
    return None if row is None else _procedure(row)


async def content(connection: AsyncConnection, one: UUID) -> dict[str, Any] | None:
    """A dossier as it was sent, None where it is no longer kept."""
    found = await connection.execute(select(dossiers.c.content).where(dossiers.c.procedure_id == one))
    kept: dict[str, Any] | None = found.scalar()
    return kept


async def record_reading(transaction: Transaction, one: UUID, part: str, reader: Caller) -> None:
    """Who read which part of a dossier, and when."""
    values = {
        "id": transaction.new_id(),
        "procedure_id": one,
        "part": part,
        "organisation": reader.organisation,
        "subject": reader.subject,
        "read_at": transaction.now,
    }
    await transaction.connection.execute(insert(dossier_readings).values(values))


async def lock_states(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, State]:
    """Where procedures stand, held until the transaction ends; always locked in one order."""
    among = procedures.c.id == any_(bindparam("ids", type_=ARRAY(Uuid)))
    ordered = select(procedures).where(among).order_by(procedures.c.id).with_for_update()
    return {row.id: _procedure(row).state for row in await connection.execute(ordered, {"ids": list(ids)})}


def _procedure(row: Any) -> Procedure:  # noqa: ANN401 - a row of the whole table
    return Procedure(row.id, row.administration, row.reference, row.submitted_at, state_of(row))
