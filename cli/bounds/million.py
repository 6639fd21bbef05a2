"""Fills every service's tables with copies of what a few procedures left there: rows as services write them, but for
their ids and numbers. Written straight to the databases, since a million procedures take hours to come by the API.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg

# By service, the tables that grow with procedures, in the order of their foreign keys.
TABLES: Final[Mapping[str, Sequence[str]]] = {
    "intake": ("procedures", "dossiers", "idempotency_keys", "said_facts"),
    "numbering": ("numbers", "said_facts"),
    "routing": ("procedures", "deliveries", "followed_facts", "said_facts"),
    "notify": ("procedures", "deliveries", "followed_facts", "said_facts"),
    "query": ("procedures", "timeline", "occurrences", "figures"),
}
# What must differ besides ids; `k` counts the copies.
_DIFFERENT: Final[Mapping[str, str]] = {
    "numbers.number": "number || '.' || k",
    "numbers.sequence": "sequence + k::bigint * 1000000",
    "idempotency_keys.key": "key || '.' || k",
    "said_facts.outbox_id": "0",
    # One that is not in the journal would be said again.
    "said_facts.partition": "0",
    "said_facts.offset": "0",
    "procedures.submitted_at": "submitted_at - k * interval '1 minute'",
    "figures.submitted_at": "submitted_at - k * interval '1 minute'",
    "deliveries.created_at": "created_at - k * interval '1 minute'",
}
_COLUMNS: Final = """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER' AND is_identity = 'NO'
    ORDER BY ordinal_position
"""


async def fill(services: Mapping[str, Any], wanted: int) -> None:
    """Until each service knows at least so many procedures."""
    for name, tables in TABLES.items():
        connection = await asyncpg.connect(services[name]["database"], command_timeout=None)
        try:
            await _fill(connection, tables, wanted)
        finally:
            await connection.close()


async def _fill(connection: asyncpg.Connection, tables: Sequence[str], wanted: int) -> None:
    present = await connection.fetchval(f"SELECT count(*) FROM {tables[0]}")  # noqa: S608 - constants of this module
    copies = -(-wanted // present) - 1
    await connection.execute("SET synchronous_commit = off")
    for table in tables:
        columns = await connection.fetch(_COLUMNS, table)
        names = ", ".join(f'"{column["column_name"]}"' for column in columns)
        values = ", ".join(_copied(table, column["column_name"], column["data_type"]) for column in columns)
        copy = f"INSERT INTO {table} ({names}) SELECT {values} FROM {table}, generate_series(1, {copies}) AS k"  # noqa: S608
        await connection.execute(copy)
        await connection.execute(f"ANALYZE {table}")


def _copied(table: str, column: str, kind: str) -> str:
    if different := _DIFFERENT.get(f"{table}.{column}"):
        return different
    # The same everywhere: what refers to a copy finds it.
    return f'md5("{column}"::text || k)::uuid' if kind == "uuid" else f'"{column}"'
