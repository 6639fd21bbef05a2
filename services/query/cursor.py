"""Cursors: where a page or the feed ended, as opaque text."""

import base64
import json
from datetime import datetime
from uuid import UUID

from services.query.feed_store import Place
from services.query.search import Mark

# As PostgreSQL keeps both numbers.
_BYTES = 8


def write_cursor(mark: Mark) -> str:
    """Text that `read_cursor` reads."""
    content = json.dumps([mark.submitted_at.isoformat(), str(mark.id)])
    return _written(content.encode())


def read_cursor(cursor: str) -> Mark:
    """Raises ValueError for what `write_cursor` did not write."""
    match json.loads(_read(cursor)):
        case [str(submitted_at), str(procedure)]:
            time = datetime.fromisoformat(submitted_at)
            if time.tzinfo is not None:
                return Mark(time, UUID(procedure))
    message = "not a cursor"
    raise ValueError(message)


def write_place(place: Place) -> str:
    """Text that `read_place` reads; one place has one text."""
    content = place.seq.to_bytes(_BYTES, "big") + place.stamp.to_bytes(_BYTES, "big")
    return _written(content)


def read_place(cursor: str) -> Place:
    """Raises ValueError for what `write_place` did not write."""
    content = _read(cursor)
    place = Place(int.from_bytes(content[:_BYTES], "big"), int.from_bytes(content[_BYTES:], "big"))
    if len(content) != 2 * _BYTES or write_place(place) != cursor or max(place.seq, place.stamp) >= 2**63:
        message = "not a cursor"
        raise ValueError(message)
    return place


def _written(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _read(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
