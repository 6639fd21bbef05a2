"""Backups of one service's database, made while it runs or not, and put back in its place."""

import asyncpg

from deploy.local.postgres import Postgres
from tests.processes import ServiceProcess


async def snapshot(postgres: Postgres, service: ServiceProcess) -> None:
    """A copy of the database, whole as at one instant; the service is killed for it and started again."""
    await service.kill()
    name = _name(service)
    await _execute(postgres, f'DROP DATABASE IF EXISTS "{name}_backup" WITH (FORCE)')
    await _execute(postgres, f'CREATE DATABASE "{name}_backup" TEMPLATE "{name}" OWNER "{name}"')
    await service.start()


async def restore(postgres: Postgres, service: ServiceProcess) -> None:
    """The copy in the place of the database; the service is killed for it, and left so."""
    await service.kill()
    name = _name(service)
    await postgres.drop_database(name)
    await _execute(postgres, f'CREATE DATABASE "{name}" TEMPLATE "{name}_backup" OWNER "{name}"')


def _name(service: ServiceProcess) -> str:
    return f"infoparquet_{service.name}"


async def _execute(postgres: Postgres, statement: str) -> None:
    connection = await asyncpg.connect(postgres.superuser_url, ssl=False)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
