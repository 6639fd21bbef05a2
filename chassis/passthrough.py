"""What FastStream is given instead of its own parser and decoder, which would drop a whole batch for one bad record."""

from typing import Any

from faststream.kafka import KafkaMessage


async def keep_raw(records: Any) -> KafkaMessage:  # noqa: ANN401 - FastStream hands over aiokafka's tuple of records
    """The records as aiokafka has them; cannot fail. They are acknowledged through the client, not the message."""
    return KafkaMessage(raw_message=records, body=b"", headers={}, content_type=None, consumer=None)  # type: ignore[arg-type]  # see above


async def keep_undecoded(message: KafkaMessage) -> Any:  # noqa: ANN401 - as FastStream declares it
    """Nothing is decoded here: the chassis does, a record at a time."""
    return message
