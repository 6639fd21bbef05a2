"""Sets of filters that people keep, each its own: a person is a token's subject within its organisation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, Table, Text, Uuid, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import one_at_a_time
from chassis.errors import Refused, sqlstate
from chassis.identity import Caller
from services.query.store import metadata

MOST: Final = 50
_UNIQUE_VIOLATION: Final = "23505"

saved_views = Table(
    "saved_views",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("organisation", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("filters", JSONB, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Index("saved_views_name", "organisation", "person", "name", unique=True),
)


class NameTaken(Refused):
    """The person has another view of that name."""


class TooMany(Refused):
    """The person has as many as one may have."""


class UnknownView(Refused):
    """The person has no such view."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """`filters` are parameters of the list, as JSON."""

    id: UUID
    name: str
    filters: dict[str, Any]
    changed_at: datetime


async def of_person(connection: AsyncConnection, caller: Caller) -> list[SavedView]:
    """All of the caller's, by name."""
    own = select(*_SHOWN).where(*_whose(caller)).order_by(saved_views.c.name)
    return [SavedView(*row) for row in await connection.execute(own)]


async def save(connection: AsyncConnection, caller: Caller, view: SavedView) -> None:
    """Raises TooMany, NameTaken; the transaction is then of no more use."""
    # Of each person, or two at once would both be the last that one may have.
    await one_at_a_time(connection, f"{caller.organisation} {caller.subject}")
    count = select(func.count()).select_from(saved_views).where(*_whose(caller))
    if (await connection.execute(count)).scalar_one() >= MOST:
        raise TooMany
    values = {"id": view.id, "organisation": caller.organisation, "person": caller.subject, **_said(view)}
    try:
        await connection.execute(insert(saved_views).values(values))
    except IntegrityError as error:
        raise _refusal(error) from None


async def replace(connection: AsyncConnection, caller: Caller, view: SavedView) -> None:
    """Raises UnknownView, NameTaken; the transaction is then of no more use."""
    changed = update(saved_views).where(saved_views.c.id == view.id, *_whose(caller)).values(_said(view))
    try:
        found = await connection.execute(changed)
    except IntegrityError as error:
        raise _refusal(error) from None
    if not found.rowcount:
        raise UnknownView


async def forget(connection: AsyncConnection, caller: Caller, view: UUID) -> None:
    """Raises UnknownView."""
    found = await connection.execute(delete(saved_views).where(saved_views.c.id == view, *_whose(caller)))
    if not found.rowcount:
        raise UnknownView


_SHOWN: Final = [saved_views.c[name] for name in ("id", "name", "filters", "changed_at")]


def _whose(caller: Caller) -> list[Any]:
    return [saved_views.c.organisation == caller.organisation, saved_views.c.person == caller.subject]


def _said(view: SavedView) -> dict[str, Any]:
    return {"name": view.name, "filters": view.filters, "changed_at": view.changed_at}


def _refusal(error: IntegrityError) -> Exception:
    return NameTaken() if sqlstate(error) == _UNIQUE_VIOLATION else error
