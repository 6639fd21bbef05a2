"""CSV (RFC 4180) that a spreadsheet opens and does not execute."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from services.query.filters import Dialect

MEDIA_TYPE: Final = "text/csv"
# What a spreadsheet takes for a formula, or strips before it looks.
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_MARK: Final = "\ufeff"


def head(columns: Sequence[str], dialect: Dialect) -> bytes:
    """The line of the columns' names; for Excel, which otherwise reads another encoding, after a byte order mark."""
    return ((_MARK if dialect is Dialect.EXCEL else "") + _written([columns], dialect)).encode()


def body(columns: Sequence[str], lines: Iterable[Mapping[str, Any]], dialect: Dialect) -> bytes:
    """Lines below it."""
    return _written(([_cell(line[column]) for column in columns] for line in lines), dialect).encode()


def _written(lines: Iterable[Sequence[str]], dialect: Dialect) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";" if dialect is Dialect.EXCEL else ",", lineterminator="\r\n").writerows(lines)
    return text.getvalue()


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever stands in a line
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case int() | float():
            return str(value)
        case _:
            text = str(value)
            return f"'{text}" if text.startswith(_DANGEROUS) else text
