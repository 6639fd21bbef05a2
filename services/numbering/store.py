"""Numbers and the sequences they come from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table, Text, UniqueConstraint, Uuid, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import among
from services.numbering.allocation import Allocation

metadata = MetaData()

sequences = Table(
    "sequences",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

numbers = Table(
    "numbers",
    metadata,
    Column("procedure_id", Uuid, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("year", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("authority", Text, nullable=False),
    Column("administration", Text, nullable=False),
    Column("allocated_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("year", "sequence"),
)


@dataclass(frozen=True, slots=True)
class Given:
    """A number as it was given."""

    procedure: UUID
    number: str
    authority: str
    administration: str
    allocated_at: datetime


async def numbered(connection: AsyncConnection, procedures: Collection[UUID]) -> set[UUID]:
    """Those of the procedures that have a number."""
    found = select(numbers.c.procedure_id).where(among(numbers.c.procedure_id, procedures))
    return set((await connection.execute(found)).scalars())


async def take(connection: AsyncConnection, wanted: Mapping[int, int]) -> dict[int, int]:
    """Move each year's sequence by what is wanted, in one statement; returns where each now stands."""
    rows = [{"year": year, "last": count} for year, count in wanted.items()]
    taking = insert(sequences).values(rows)
    moved = taking.on_conflict_do_update(
        index_elements=["year"], set_={"last": sequences.c.last + taking.excluded.last}
    ).returning(sequences.c.year, sequences.c.last)
    return {row.year: row.last for row in await connection.execute(moved)}


async def keep(
    connection: AsyncConnection,
    allocations: Sequence[Allocation],
    administrations: Mapping[UUID, str],
    authority: str,
    at: datetime,
) -> None:
    """Record numbers for ever."""
    rows = [
        {
            "procedure_id": one.procedure,
            "number": one.number,
            "year": one.year,
            "sequence": one.sequence,
            "authority": authority,
            "administration": administrations[one.procedure],
            "allocated_at": at,
        }
        for one in allocations
    ]
    await connection.execute(insert(numbers), rows)


async def find(connection: AsyncConnection, number: str) -> Given | None:
    """Who has a number, None if nobody."""
    columns = [numbers.c[name] for name in ("procedure_id", "number", "authority", "administration", "allocated_at")]
    row = (await connection.execute(select(*columns).where(numbers.c.number == number))).one_or_none()
    return None if row is None else Given(*row)
