"""The operators' pages put together."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.query.portal.operations import letters, mails, overview, queue
from services.query.portal.operations.desk import Desk


def operations(desk: Desk) -> Sequence[APIRouter]:
    """All routes under `/operations`, and the courts that words stand for."""
    return [overview.routes(desk), queue.routes(desk), letters.routes(desk), mails.routes(desk)]
