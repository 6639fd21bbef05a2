"""Records of topics as a service's tables keep them: byte for byte, with the place they stood at."""

import base64
import json
from datetime import datetime
from typing import Any

from aiokafka import ConsumerRecord
from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, Row, Text

# A log that is gone had its records where the log after it has others: they are kept so far below, log by log.
LOGS_APART = 2**40


def place_columns() -> list[Column[Any]]:
    """The columns of a table that keeps records."""
    return [
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("key", LargeBinary),
        Column("value", LargeBinary),
        # Pairs of name and base64, as the bytes may be anything.
        Column("headers", Text, nullable=False),
        Column("received_at", DateTime(timezone=True), nullable=False),
    ]


def columns_of(record: ConsumerRecord, received_at: datetime) -> dict[str, Any]:
    """What stands in them."""
    headers = [[name, None if value is None else base64.b64encode(value).decode()] for name, value in record.headers]
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "value": record.value,
        "headers": json.dumps(headers),
        "received_at": received_at,
    }


def record_of(row: Row[Any]) -> ConsumerRecord:
    """The record that a row keeps, as the consumer had it."""
    return ConsumerRecord(
        topic=row.topic, partition=row.partition, offset=row.offset, timestamp=0, timestamp_type=0, key=row.key,
        value=row.value, checksum=None, serialized_key_size=len(row.key or b""),
        serialized_value_size=len(row.value or b""), headers=kept_headers(row.headers),
    )  # fmt: skip


def kept_headers(written: str) -> tuple[tuple[str, bytes | None], ...]:
    """The headers of a record that a row keeps."""
    return tuple((name, None if value is None else base64.b64decode(value)) for name, value in json.loads(written))


def offset_in_its_log(offset: int) -> int:
    """Where the record stood that a row keeps, in the log it was read from."""
    return offset % LOGS_APART
