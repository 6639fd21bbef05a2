"""Whether a service can work, and if not, which dependency it waits for and why."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import schema_of
from chassis.errors import CONNECTION_ERRORS, Unavailable

# Answers None when all is well, else the reason in French.
Check = Callable[[], Awaitable[str | None]]
LIMIT = 4.0


@dataclass(frozen=True)
class Readiness:
    """The named checks of a service."""

    checks: Mapping[str, Check]

    async def faults(self) -> dict[str, str]:
        """What is missing, by dependency; empty when the service can work. Takes 4 s at most."""
        reasons = await asyncio.gather(*(_reason(check) for check in self.checks.values()))
        return {name: reason for name, reason in zip(self.checks, reasons, strict=True) if reason}


async def _reason(check: Check) -> str | None:
    try:
        async with asyncio.timeout(LIMIT):
            return await check()
    except Unavailable as error:
        return f"{error.dependency} ne répond pas"
    except CONNECTION_ERRORS:
        return "ne répond pas"


def database_check(engine: AsyncEngine, expected: str) -> Check:
    """The database answers, and its schema is the one this code was written for, or newer."""

    async def check() -> str | None:
        async with engine.connect() as connection:
            found = await schema_of(connection)
        if found is None or found < expected:
            return f"schéma {found or 'absent'}, {expected} attendu : lancer « infoparquet migrate »"
        return None

    return check
