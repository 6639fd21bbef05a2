"""The tables that the code declares are the tables that the migrations make."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from chassis import database, followed, idempotency
from services.intake import store
from tests.services.intake.conftest import Intake


async def test_migrations_and_code_agree(intake: Intake) -> None:
    def differences(connection: Connection) -> list[object]:
        declared: Any = [database.metadata, idempotency.metadata, followed.metadata, store.metadata]
        return list(compare_metadata(MigrationContext.configure(connection), declared))

    async with intake.running.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
