"""Where a page ended, as opaque text."""

import base64
import json
from datetime import datetime

from chassis.problems import FieldError, Problem

# Of what is listed by time: when, and the name that tells those of one moment apart.
Mark = tuple[datetime, str]


def write_mark(mark: Mark) -> str:
    """Text that `mark_in` reads."""
    at, name = mark
    return opaque(json.dumps([at.isoformat(), name]).encode())


def mark_in(cursor: str) -> Mark:
    """Raises ValueError for what `write_mark` did not write."""
    match json.loads(content_of(cursor)):
        case [str(written), str(name)] if (at := datetime.fromisoformat(written)).tzinfo:
            return at, name
    message = "not a cursor"
    raise ValueError(message)


def read_mark(cursor: str | None) -> Mark | None:
    """None at the beginning. Raises Problem 400 for what `write_mark` did not write."""
    if cursor is None:
        return None
    try:
        at, name = mark_in(cursor)
    except ValueError:
        raise not_a_mark() from None
    if not name.isascii():
        raise not_a_mark()
    # A database takes none.
    return at, name.replace("\0", "")


def not_a_mark() -> Problem:
    """400, at the cursor."""
    fault = FieldError("/cursor", "Ce curseur n’est pas de ceux que donne « next ».")
    return Problem(400, "invalid-request", "La requête comporte une erreur.", [fault])


def opaque(content: bytes) -> str:
    """Text for addresses that `content_of` reads."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def content_of(cursor: str) -> bytes:
    """Raises ValueError for what `opaque` did not write."""
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
