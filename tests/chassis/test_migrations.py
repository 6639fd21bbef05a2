"""What migrations make is what the code's tables say, for the chassis and each service; one history each, one head."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, text

from chassis import dead_letters, decisions, followed, idempotency, outbox, positions, unknown_facts
from chassis.database import expected_schema, metadata, open_engine, schema_of
from chassis.migration import migrate
from tests.conftest import Databases
from tests.processes import ROOT

SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/store.py"))
BOTH = [idempotency.metadata, followed.metadata]
ALSO = {"intake": BOTH, "routing": BOTH, "notify": [followed.metadata]}

COLUMNS = text("""
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
           pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'alembic_version'
""")
# Primary and unique keys are among them, each with its order and its condition.
INDEXES = text("""
    SELECT pg_get_indexdef(i.indexrelid) FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace
    WHERE c.relname <> 'alembic_version'
""")
FOREIGN_KEYS = text("SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'")
FASTER = "made indexes: CREATE INDEX"
Schema = dict[str, set[tuple[Any, ...]]]


def history_of(service: str) -> Path:
    return ROOT / "services" / service / "migrations"


def tables_of(service: str) -> list[MetaData]:
    # Some tables are declared beside the store, in its metadata.
    for module in (ROOT / "services" / service).glob("*_store.py"):
        import_module(f"services.{service}.{module.stem}")
    return [metadata, import_module(f"services.{service}.store").metadata, *ALSO.get(service, [])]


async def schema_at(url: str) -> Schema:
    """Columns, indexes and keys as the database has them."""
    engine = open_engine(url, name="tests", connections=1)
    async with engine.connect() as connection:
        queries = {"columns": COLUMNS, "indexes": INDEXES, "foreign keys": FOREIGN_KEYS}
        found = {name: set(map(tuple, await connection.execute(query))) for name, query in queries.items()}
    await engine.dispose()
    return found


def drift(migrated: Schema, said: Schema) -> list[str]:
    """What only the migrations make, and what only the tables say."""
    return [
        f"{where} {kind}: {', '.join(map(str, one))}"
        for kind in migrated
        for where, ones in (("made", migrated[kind] - said[kind]), ("said", said[kind] - migrated[kind]))
        for one in sorted(ones, key=str)
    ]


async def schema_of_tables(url: str, tables: list[MetaData]) -> Schema:
    """The same, of a database made by the code's tables."""
    engine = open_engine(url, name="tests", connections=1)
    async with engine.begin() as connection:
        for one in tables:
            await connection.run_sync(one.create_all)
    await engine.dispose()
    return await schema_at(url)


async def test_the_chassiss_schema_is_what_its_tables_say(databases: Databases, chassis_database: str) -> None:
    ours = {outbox.outbox, positions.positions, dead_letters.dead_letters, decisions.decisions}
    assert ours | {unknown_facts.unknown_facts} <= set(metadata.tables.values())
    said = await schema_of_tables(await databases("tables"), [metadata])
    found = drift(await schema_at(chassis_database), said)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_services_migrations_make_what_its_tables_say(databases: Databases, service: str) -> None:
    migrated = await databases(service)
    await migrate(migrated, history_of(service))
    said = await schema_of_tables(await databases("tables"), tables_of(service))
    # An index that only makes reading faster may be the migrations' own; one that a rule rests on may not.
    found = [one for one in drift(await schema_at(migrated), said) if not one.startswith(FASTER)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("service", SERVICES)
async def test_the_head_in_the_tracked_file_is_the_historys_and_the_databases(
    databases: Databases, service: str
) -> None:
    head = expected_schema(history_of(service))
    history = ScriptDirectory(str(history_of(service)))
    assert history.get_heads() == [head]
    url = await databases(service)
    engine = open_engine(url, name="tests", connections=1)
    async with engine.connect() as connection:
        assert await schema_of(connection) is None
    await migrate(url, history_of(service))
    async with engine.connect() as connection:
        assert await schema_of(connection) == head
    await engine.dispose()


async def test_two_migrations_at_once_do_the_work_of_one(databases: Databases) -> None:
    url = await databases("numbering")
    await asyncio.gather(*(migrate(url, history_of("numbering")) for _ in range(3)))
    before = await schema_at(url)
    await migrate(url, history_of("numbering"))
    assert await schema_at(url) == before


async def test_a_relay_has_one_state_in_a_database(chassis_database: str) -> None:
    engine = open_engine(chassis_database, name="tests", connections=1)
    async with engine.connect() as connection:
        assert list(await connection.execute(text("SELECT id, batch FROM relay"))) == [(1, 0)]
    await engine.dispose()
