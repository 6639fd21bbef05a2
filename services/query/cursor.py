"""Cursors: where a page ended, as opaque text."""

import base64
import json
from datetime import datetime
from uuid import UUID

from services.query.search import Mark


def write_cursor(mark: Mark) -> str:
    """Text that `read_cursor` reads."""
    content = json.dumps([mark.submitted_at.isoformat(), str(mark.id)])
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> Mark:
    """Raises ValueError for what `write_cursor` did not write."""
    padded = cursor + "=" * (-len(cursor) % 4)
    match json.loads(base64.urlsafe_b64decode(padded)):
        case [str(submitted_at), str(procedure)]:
            time = datetime.fromisoformat(submitted_at)
            if time.tzinfo is not None:
                return Mark(time, UUID(procedure))
    message = "not a cursor"
    raise ValueError(message)
