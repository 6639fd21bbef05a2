"""Where time and new ids come from, so that tests can say what they are."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import uuid_utils.compat

Clock = Callable[[], datetime]
NewId = Callable[[], UUID]

# At the edges, where people read and write dates; inside, everything is in UTC.
PARIS: Final = ZoneInfo("Europe/Paris")


def utc_now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): ordered by time, so that indexes stay compact."""
    return uuid_utils.compat.uuid7()
