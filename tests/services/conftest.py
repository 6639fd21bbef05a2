"""One issuer of real tokens for all the services' tests of a worker."""

from collections.abc import Iterator

import pytest

from tests.services.issuer import Issuer, serving


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    with serving() as one:
        yield one
