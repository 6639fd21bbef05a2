"""Numbers and the sequences they come from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.comparison import Fact
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


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A number as the journal has it; for which administration, None where its submission was not read with it."""

    allocation: Allocation
    administration: str | None
    at: datetime


async def numbered(connection: AsyncConnection, procedures: Collection[UUID]) -> set[UUID]:
    """Those of the procedures that have a number."""
    found = select(numbers.c.procedure_id).where(among(numbers.c.procedure_id, procedures))
    return set((await connection.execute(found)).scalars())


async def unnumbered(connection: AsyncConnection, submitted: Collection[Fact]) -> set[UUID]:
    """Those of the submissions whose procedures have no number."""
    already = await numbered(connection, {fact.procedure for fact in submitted})
    return {fact.id for fact in submitted if fact.procedure not in already}


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
    rows = [_row(one, administrations[one.procedure], authority, at) for one in allocations]
    await connection.execute(insert(numbers), rows)


async def adopt(connection: AsyncConnection, given: Sequence[ReadBack], authority: str) -> None:
    """Know again numbers that were given; their years' sequences go on behind them."""
    rows = [_row(one.allocation, one.administration, authority, one.at) for one in given if one.administration]
    if rows:
        await connection.execute(insert(numbers).on_conflict_do_nothing(), rows)
    reached: dict[int, int] = {}
    for one in given:
        reached[one.allocation.year] = max(one.allocation.sequence, reached.get(one.allocation.year, 0))
    if reached:
        raising = insert(sequences).values([{"year": year, "last": last} for year, last in sorted(reached.items())])
        greater = {"last": func.greatest(sequences.c.last, raising.excluded.last)}
        await connection.execute(raising.on_conflict_do_update(index_elements=["year"], set_=greater))


async def find(connection: AsyncConnection, number: str) -> Given | None:
    """Who has a number, None if nobody."""
    columns = [numbers.c[name] for name in ("procedure_id", "number", "authority", "administration", "allocated_at")]
    row = (await connection.execute(select(*columns).where(numbers.c.number == number))).one_or_none()
    return None if row is None else Given(*row)


def _row(one: Allocation, administration: str, authority: str, at: datetime) -> dict[str, object]:
    return {
        "procedure_id": one.procedure,
        "number": one.number,
        "year": one.year,
        "sequence": one.sequence,
        "authority": authority,
        "administration": administration,
        "allocated_at": at,
    }
