"""A service's own PostgreSQL: the engine, and what each connection promises.

Parameters never reach an error message or a log (`hide_parameters`), and no statement or lock waits for ever.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, MetaData, Uuid, any_, literal, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

# The tables every service has: outbox, relay, positions, dead letters, parked facts.
metadata = MetaData()

# More than the server's own limit.
STATEMENT_SECONDS = 35
# Of the few statements that go over all that a service holds: in migrations and in a rebuild.
LONG_STATEMENT_SECONDS = 610

LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",
    "tcp_user_timeout": "10s",
    "jit": "off",
}


def open_engine(
    url: str, *, name: str, connections: int = 10, statement_seconds: float = STATEMENT_SECONDS
) -> AsyncEngine:
    """A pooled engine on `url` (`postgresql://…`); `name` shows in pg_stat_activity.

    After `statement_seconds` an answer is no longer waited for: more than the server's limit, wherever that is raised.
    """
    return create_async_engine(
        _asyncpg(url),
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=5,
        connect_args=_arguments(name, LIMITS, statement_seconds),
    )


# With statistics from before an outage a claim reads the whole backlog instead of its first rows: 1.2 s at 290 000.
BY_INDEX = {"enable_seqscan": "off", "enable_bitmapscan": "off"}


def open_lock_engine(url: str, *, name: str) -> AsyncEngine:
    """Unpooled connections that the server ends after 10 s of silence, so that a frozen holder loses its lock."""
    limits = {
        **LIMITS,
        **BY_INDEX,
        "idle_session_timeout": "10s",
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
    }
    return create_async_engine(
        _asyncpg(url), hide_parameters=True, poolclass=NullPool, connect_args=_arguments(name, limits)
    )


def _asyncpg(url: str) -> str:
    return make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def _arguments(name: str, limits: Mapping[str, str], statement_seconds: float = STATEMENT_SECONDS) -> dict[str, object]:
    return {"timeout": 5, "command_timeout": statement_seconds, "server_settings": {**limits, "application_name": name}}


def among(column: ColumnElement[Any], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Whether the column is one of the ids: one parameter however many there are, so that it is prepared once."""
    return column == any_(literal(list(ids), ARRAY(Uuid)))


async def one_at_a_time(connection: AsyncConnection, what: str) -> None:
    """Until the transaction ends, nobody else goes on with the same words."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": what})


def expected_schema(migrations: Path) -> str:
    """The revision this code was written for: the one line of `migrations/HEAD`."""
    return (migrations / "HEAD").read_text().strip()


async def schema_of(connection: AsyncConnection) -> str | None:
    """The revision the database is at, None where nothing was ever migrated."""
    try:
        return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "42P01":
            return None
        raise
