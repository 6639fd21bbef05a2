"""What operators see of dead letters: a page of them, or one whole. Records set aside and refused rows in one list."""

import base64
from collections.abc import Sequence
from typing import Any, Final, Literal
from uuid import UUID

from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.envelope import type_of
from infoparquet_contracts.topics import DEAD_LETTERS
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import decisions
from chassis.dead_letters import procedure_of
from chassis.kept_records import kept_headers, offset_in_its_log
from chassis.marks import Mark
from chassis.outbox import read_headers
from chassis.refused_rows import PREFIX

State = Literal["open", "closed", "all"]

# Bytes stay where they are until one letter is asked for: a page of a thousand could hold a gigabyte.
_BOTH = """
    SELECT CAST(id AS text) AS id, 'record' AS kind, received_at AS at, closed_at, discarded, code, pointer, topic,
           partition, "offset", key, headers, {value} AS value, tries, NULL AS cause,
           CASE WHEN parks AND closed_at IS NULL THEN (
               SELECT count(*) FROM parked_facts AS p WHERE p.procedure_id = dead_letters.procedure_id)
           ELSE 0 END AS parked
    FROM dead_letters WHERE {records}
    UNION ALL
    SELECT CAST(:prefix AS text) || o.id, 'outbox', o.appended_at, NULL, false, CAST(:refused AS text), '', o.topic,
           NULL, NULL, o.key, o.headers, {value}, 1, o.refusal,
           (SELECT count(*) FROM outbox AS held
            WHERE held.key = o.key AND held.id > o.id AND held.refusal IS NULL AND held.topic <> :told_anyway)
    FROM outbox AS o WHERE o.refusal IS NOT NULL AND {rows}
"""
_PAGE: Final = """
    SELECT * FROM ({both}) AS letters
    WHERE starts_with(id, :starts)
        AND (CAST(:at AS timestamptz) IS NULL OR (at, id) > (CAST(:at AS timestamptz), :after))
    ORDER BY at, id LIMIT :most
"""
_CHOICES = {
    "open": {"records": "closed_at IS NULL", "rows": "true"},
    "closed": {"records": "closed_at IS NOT NULL", "rows": "false"},
    "all": {"records": "true", "rows": "true"},
}
_ONE = {"records": "id = :letter", "rows": "o.id = :row"}
_NAMES = {"prefix": PREFIX, "refused": DeadLetterCode.BROKER_REFUSED.value, "told_anyway": DEAD_LETTERS.name}


async def page(
    connection: AsyncConnection, state: State, starts: str, after: Mark | None, most: int
) -> tuple[list[dict[str, Any]], Mark | None]:
    """Letters oldest first, their ids starting so, and where the next page begins, None at the end."""
    statement = text(_PAGE.format(both=_BOTH.format(value="NULL", **_CHOICES[state])))
    at, last = after or (None, "")
    asked = {**_NAMES, "starts": starts, "at": at, "after": last, "most": most + 1}
    rows = (await connection.execute(statement, asked)).all()
    more = (rows[most - 1].at, rows[most - 1].id) if len(rows) > most else None
    return [_shown(row) for row in rows[:most]], more


async def whole(connection: AsyncConnection, letter: UUID | int) -> dict[str, Any] | None:
    """A letter with its bytes and what was decided about it; of a row that is gone only that, None if nothing was."""
    record = isinstance(letter, UUID)
    asked = {**_NAMES, "letter": letter if record else None, "row": None if record else letter}
    row = (await connection.execute(text(_BOTH.format(value="value", **_ONE)), asked)).one_or_none()
    name = str(letter) if record else f"{PREFIX}{letter}"
    decided = [_decided(one) for one in await decisions.about(connection, name)]
    if row is not None:
        return {**_shown(row), **_bytes(row), "decisions": decided}
    return {"id": name, "kind": "outbox", "state": "closed", "decisions": decided} if decided else None


def label_of(code: str) -> str:
    """A code in French; as it is where another version of this service wrote it."""
    try:
        return DeadLetterCode(code).label
    except ValueError:
        return code


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "state": "open" if row.closed_at is None else "closed",
        "code": row.code,
        "reason": label_of(row.code),
        "cause": row.cause,
        "pointer": row.pointer,
        "topic": row.topic,
        "partition": row.partition,
        "offset": None if row.offset is None else offset_in_its_log(row.offset),
        # A page has no values: of a record in structured mode only the whole letter tells the type.
        "type": type_of(_headers(row), row.value),
        "procedure": procedure_of(row.key),
        "at": row.at,
        "tries": row.tries,
        "parked": row.parked,
        "closed_at": row.closed_at,
        "discarded": row.discarded,
    }


def _bytes(row: Row[Any]) -> dict[str, Any]:
    try:
        words = None if row.value is None else row.value.decode()
    except UnicodeDecodeError:
        words = None
    return {
        "key": _base64(row.key),
        "headers": [
            # A name need not be UTF-8: what is not is shown as such.
            {"name": name.encode(errors="surrogateescape").decode(errors="replace"), "value": _base64(value)}
            for name, value in _headers(row)
        ],
        "value": _base64(row.value),
        "value_text": words,
    }


def _headers(row: Row[Any]) -> Sequence[tuple[str, bytes | None]]:
    return read_headers(row.headers) if row.kind == "outbox" else kept_headers(row.headers)


def _base64(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _decided(one: decisions.Decision) -> dict[str, Any]:
    return {
        "action": one.action,
        "organisation": one.organisation,
        "subject": one.subject,
        "reason": one.reason,
        "at": one.at,
        "outcome": one.outcome,
    }
