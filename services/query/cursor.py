"""Cursors: where a page or the feed ended, as opaque text."""

from uuid import UUID

from chassis.marks import content_of, mark_in, opaque, write_mark
from services.query.feed_store import Place
from services.query.search import Mark

# As PostgreSQL keeps both numbers.
_BYTES = 8


def write_cursor(mark: Mark) -> str:
    """Text that `read_cursor` reads."""
    return write_mark((mark.submitted_at, str(mark.id)))


def read_cursor(cursor: str) -> Mark:
    """Raises ValueError for what `write_cursor` did not write."""
    submitted_at, procedure = mark_in(cursor)
    return Mark(submitted_at, UUID(procedure))


def write_place(place: Place) -> str:
    """Text that `read_place` reads; one place has one text."""
    return opaque(place.seq.to_bytes(_BYTES, "big") + place.stamp.to_bytes(_BYTES, "big"))


def read_place(cursor: str) -> Place:
    """Raises ValueError for what `write_place` did not write."""
    content = content_of(cursor)
    place = Place(int.from_bytes(content[:_BYTES], "big"), int.from_bytes(content[_BYTES:], "big"))
    if len(content) != 2 * _BYTES or write_place(place) != cursor or max(place.seq, place.stamp) >= 2**63:
        message = "not a cursor"
        raise ValueError(message)
    return place
