"""Every message a court was told, once for ever, so that it can be told again to the letter and is not said anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infoparquet_contracts.envelope import Record, id_of
from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.outbox import written_headers
from services.routing.store import metadata

court_messages = Table(
    "court_messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("place", BigInteger, Identity(always=True), nullable=False),
    Column("procedure_id", Uuid, ForeignKey("procedures.id"), nullable=False),
    Column("tribunal", Text, nullable=False),
    Column("said_at", DateTime(timezone=True), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False),
    Index("court_messages_tribunal", "tribunal", "said_at"),
)

_KEEP = text("""
    INSERT INTO court_messages (id, procedure_id, tribunal, said_at, value, headers)
    SELECT id, procedure_id, tribunal, said_at, value, CAST(headers AS jsonb)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:procedures AS uuid[]), CAST(:tribunals AS text[]),
                CAST(:times AS timestamptz[]), CAST(:values AS bytea[]), CAST(:headers AS text[]))
         WITH ORDINALITY AS t (id, procedure_id, tribunal, said_at, value, headers, place)
    ORDER BY place ON CONFLICT (id) DO NOTHING RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Told:
    """A record for a court's topic, in one of its versions, each of which has an id of its own."""

    tribunal: str
    procedure: UUID
    at: datetime
    record: Record


async def keep(connection: AsyncConnection, told: Sequence[Told]) -> set[UUID]:
    """Keep what courts are told, in order; the ids of those that were not told before."""
    if not told:
        return set()
    values = {
        "ids": [UUID(id_of(one.record.headers, one.record.value)) for one in told],
        "procedures": [one.procedure for one in told],
        "tribunals": [one.tribunal for one in told],
        "times": [one.at for one in told],
        "values": [one.record.value for one in told],
        "headers": [written_headers(one.record.headers) for one in told],
    }
    return set((await connection.execute(_KEEP, values)).scalars())
