"""Errors in three families, by what must follow.

Refused        tell the caller (an HTTP problem), nothing changed
Unprocessable  one fact's own fault: it becomes a dead letter, the others go on
Unavailable    something outside is down: wait, and do the same again
"""

from datetime import datetime

import asyncpg
from infoparquet_contracts.codes import DeadLetterCode
from sqlalchemy.exc import DBAPIError, InterfaceError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# What speaking to a database raises when it or the connection is lost. SQLAlchemy passes some of the driver's errors on
# as they are: what listening raises, and what a connection that is cut in the middle of a statement is confused by.
CONNECTION_ERRORS = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


class Refused(Exception):  # noqa: N818 - the family's name says what follows, as its two siblings do
    """The caller asked for something that cannot be done as asked; `api` words it."""


class Unprocessable(Exception):  # noqa: N818
    """This one fact cannot be applied here, today or tomorrow; `code` and `pointer` go to its dead letter."""

    def __init__(self, code: DeadLetterCode, pointer: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.pointer = pointer


class Unavailable(Exception):  # noqa: N818
    """A dependency does not answer; `dependency` names it for readiness and logs."""

    def __init__(self, dependency: str) -> None:
        super().__init__(dependency)
        self.dependency = dependency


class OutboxFull(Unavailable):
    """The outbox holds all that it may, `limit` bytes; what waits longest does `since` then, where that is known."""

    def __init__(self, limit: int, since: datetime | None) -> None:
        super().__init__("outbox")
        self.limit = limit
        self.since = since


def sqlstate(error: BaseException) -> str | None:
    """The five-character SQLSTATE PostgreSQL gave, None where the error is not the server's."""
    original = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(original, "sqlstate", None)
    return state if isinstance(state, str) else None


def is_unavailable(error: BaseException) -> bool:
    """Whether waiting can help: classes 22 and 23 are the data's fault, any other the world's."""
    state = sqlstate(error)
    if state is not None:
        return state[:2] not in ("22", "23")
    if isinstance(error, DBAPIError):
        # Without a SQLSTATE the driver speaks for itself: a lost connection, or a value it could not encode.
        return error.connection_invalidated or isinstance(error, InterfaceError)
    return isinstance(error, Unavailable | OSError | TimeoutError | PoolTimeoutError | asyncpg.InternalClientError)
