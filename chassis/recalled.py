"""The ids of what this service had published and its restored database no longer knew: none of it is said anew.

What is told again on purpose, to a court that was away or to a journal that lost it, is said `again` and goes out.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Column, Table, Uuid, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import metadata

recalled = Table("recalled", metadata, Column("id", Uuid, primary_key=True))

_REMEMBER = text("INSERT INTO recalled (id) SELECT unnest(CAST(:ids AS uuid[])) ON CONFLICT DO NOTHING")


async def remember(connection: AsyncConnection, ids: Iterable[UUID]) -> None:
    """Never to be said anew."""
    await connection.execute(_REMEMBER, {"ids": list(ids)})
