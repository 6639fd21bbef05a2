"""Brings a service's database to its newest schema: Alembic, one history a service, never two at once."""

from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, text

from chassis.database import LONG_STATEMENT_SECONDS, open_engine

# Any constant will do, other than the relay's.
LOCK = 0x1F0_9A2


async def migrate(url: str, migrations: Path, *, beside: str | None = None) -> None:
    """Upgrade the database at `url` to the head of the history in `migrations`.

    With `beside`, in the PostgreSQL schema of that name, which is there and has tables of its own or none.
    """
    engine = open_engine(url, name="infoparquet migrate", connections=1, statement_seconds=LONG_STATEMENT_SECONDS)
    try:
        async with engine.begin() as connection:
            if beside is not None:
                await connection.execute(text(f"SET LOCAL search_path TO {beside}"))
            await connection.run_sync(_upgrade, migrations)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, migrations: Path) -> None:
    connection.execute(text("SET LOCAL lock_timeout = '60s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    connection.execute(text("SET LOCAL statement_timeout = '10min'"))
    configuration = Config(attributes={"connection": connection})
    configuration.set_main_option("script_location", str(migrations).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    command.upgrade(configuration, "head")


def run_in_environment() -> None:
    """Each history's `env.py`: migrate on the connection, and in the transaction, that `migrate` opened."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
