"""How PostgreSQL means to run a statement."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncEngine


async def plan_of(engine: AsyncEngine, asked: Select[Any]) -> str:
    """PostgreSQL's plan, with the parameters as the driver sends them."""
    compiled = asked.compile(dialect=engine.dialect)
    parameters = [compiled.params[name] for name in compiled.positiontup or ()]
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        return "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN {compiled}", *parameters))
