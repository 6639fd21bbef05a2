"""Which failures pass by waiting, and which are one fact's own fault."""

import asyncpg
import pytest
from infoparquet_contracts.codes import DeadLetterCode
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from chassis.errors import CONNECTION_ERRORS, Unavailable, Unprocessable, is_unavailable

BY_THE_SERVER = {
    "22001": False,
    "23505": False,
    "08006": True,
    "40001": True,
    "53300": True,
    "57P01": True,
}


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("kafka"),
        ConnectionResetError(),
        TimeoutError(),
        PoolTimeoutError(),
        # What asyncpg says of a connection that was cut in the middle of a statement.
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
    ],
)
def test_what_something_outside_caused_is_waited_for(error: Exception) -> None:
    assert is_unavailable(error)


@pytest.mark.parametrize("error", [Unprocessable(DeadLetterCode.UNPROCESSABLE), ValueError(), KeyError("a")])
def test_what_is_wrong_here_is_not(error: Exception) -> None:
    assert not is_unavailable(error)


@pytest.mark.parametrize(("state", "waits"), BY_THE_SERVER.items())
def test_an_answer_of_the_server_is_judged_by_its_class(state: str, waits: bool) -> None:
    class Original(Exception):  # noqa: N818 - as the driver's, with the code that PostgreSQL gave
        sqlstate = state

    kind = {"22": DataError, "23": IntegrityError}.get(state[:2], OperationalError)
    assert is_unavailable(kind("SELECT 1", {}, Original())) is waits


@pytest.mark.parametrize("kind", [asyncpg.InternalClientError, asyncpg.InterfaceError, ConnectionResetError])
def test_whatever_a_lost_connection_raises_is_known_as_such(kind: type[Exception]) -> None:
    assert issubclass(kind, CONNECTION_ERRORS)
