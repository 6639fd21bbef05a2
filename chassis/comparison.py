"""What a service lacks of what others said: what it holds is asked of its own tables, fact by fact."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import among
from chassis.dead_letters import dead_letters
from chassis.sources import Source
from chassis.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of the journal: its event's id, whatever the version it was written in."""

    id: UUID
    procedure: UUID
    type: str


@dataclass(frozen=True)
class Holdings:
    """How a service tells which facts of the types it handles have had no effect on it.

    `forget` lets go of all it holds of some procedures, where facts that come anew could not be put in their place.
    """

    lacking: Callable[[AsyncConnection, Collection[Fact]], Awaitable[set[UUID]]]
    forget: Callable[[Transaction, Collection[UUID]], Awaitable[None]] | None = None


async def lacking(
    connection: AsyncConnection, holdings: Holdings, journal: Source, facts: Sequence[Fact]
) -> list[UUID]:
    """Those of the facts that this service should have applied and has not, in the order given.

    A procedure with a dead letter that is open or was discarded is left to the operators who decide about it.
    """
    ours = [fact for fact in facts if journal.handler(fact.type) is not None]
    if not ours:
        return []
    missed = await holdings.lacking(connection, ours)
    procedures = {fact.procedure for fact in ours if fact.id in missed}
    decided = await _in_operators_hands(connection, procedures) if procedures else set()
    return [fact.id for fact in ours if fact.id in missed and fact.procedure not in decided]


async def _in_operators_hands(connection: AsyncConnection, procedures: Collection[UUID]) -> set[UUID]:
    theirs = dead_letters.c.closed_at.is_(None) | dead_letters.c.discarded
    found = select(dead_letters.c.procedure_id).where(theirs, among(dead_letters.c.procedure_id, procedures))
    return set((await connection.execute(found)).scalars())
