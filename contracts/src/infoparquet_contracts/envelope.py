"""CloudEvents 1.0 as Kafka's records: an event is written in binary mode, and read in binary or structured mode.

Whatever bytes arrive, `decode` gives an event or raises `Undecodable`, which names the place and never the content.
Fields that these contracts do not know are left out, since a newer writer may have said them; an older version is
read as the newest, under the id that all versions of one event share.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_json

from . import structured
from .ambiguity import refuse_ambiguity
from .codes import DeadLetterCode
from .identifiers import SOURCE_PATTERN, TIME_PATTERN, TRACEPARENT_PATTERN, UUID_PATTERN
from .payload import OfProcedure, Payload
from .record import Headers as Headers
from .record import Record as Record
from .registry import MODELS
from .undecodable import Undecodable as Undecodable
from .undecodable import UnknownType as UnknownType
from .versions import SAME_AS, upcast

MAX_EVENT_BYTES = 256 * 1024
SCHEMA_BASE = "https://schemas.infoparquet.example/"

D = TypeVar("D", bound=Payload, covariant=True)

REQUIRED_HEADERS = (
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "ce_dataschema",
    "content-type",
)
# CloudEvents's own extension, which stays with the event, and what each client that passes it on may write anew.
_TRACES = ("ce_traceparent", "traceparent")
_READ = frozenset((*REQUIRED_HEADERS, *_TRACES, SAME_AS))
_UUID = re.compile(UUID_PATTERN)
_SOURCE = re.compile(SOURCE_PATTERN)
# Writers of CloudEvents have both.
_TIME = re.compile(TIME_PATTERN.removesuffix("Z") + r"(?:Z|\+00:00)")
_TRACEPARENT = re.compile(TRACEPARENT_PATTERN)
_JSON = re.compile(r"application/json(?:\s*;.*)?", re.IGNORECASE)
# Batches and other formats than JSON.
_CLOUDEVENTS = re.compile("application/cloudevents", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Event(Generic[D]):
    """One event. `time` is aware; `source` is `/services/<name>` or `/tribunals/<code>`; `subject` the procedure."""

    id: UUID
    source: str
    type: str
    subject: UUID
    time: datetime
    data: D
    traceparent: str | None = None

    @property
    def dataschema(self) -> str:
        return f"{SCHEMA_BASE}{self.type}.json"


class EventTooLarge(Exception):  # noqa: N818 - says what is wrong without the suffix
    """An event of `size` bytes, above `MAX_EVENT_BYTES`."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size: Final = size

    def __str__(self) -> str:
        return f"an event of {self.size} bytes, {MAX_EVENT_BYTES} at most"


def encode(event: Event[Payload], extensions: Iterable[tuple[str, str]] = ()) -> Record:
    """The event at its own version alone; `extensions` are headers beside its own.

    Raises `EventTooLarge`, and `ValueError` for an event that `decode` would refuse.
    """
    _check(event)
    subject = str(event.subject).encode()
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(event.id).encode()),
        ("ce_source", event.source.encode()),
        ("ce_type", event.type.encode()),
        ("ce_subject", subject),
        ("ce_time", _written(event.time)),
        ("ce_dataschema", event.dataschema.encode()),
        ("content-type", b"application/json"),
        *((name, text.encode()) for name, text in extensions),
    ]
    if event.traceparent is not None and _TRACEPARENT.fullmatch(event.traceparent):
        headers.append(("traceparent", event.traceparent.encode()))
    record = Record(subject, to_json(event.data), tuple(headers))
    if record.size > MAX_EVENT_BYTES:
        raise EventTooLarge(record.size)
    return record


def _check(event: Event[Payload]) -> None:
    if event.type != event.data.event_type:
        raise ValueError("the type is not that of the data")
    if not _SOURCE.fullmatch(event.source):
        raise ValueError("a source is /services/<name> or /tribunals/<code>")
    if event.time.tzinfo is None:
        raise ValueError("a time without its zone")
    if isinstance(event.data, OfProcedure) and event.data.procedure != event.subject:
        raise ValueError("the subject is not the procedure of the data")


def _written(time: datetime) -> bytes:
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z").encode()


def type_of(headers: Headers, value: bytes | None) -> str | None:
    """The event's type, decoding nothing else; None where there is none that can be read. Never raises."""
    return _told("type", headers, value)


def id_of(headers: Headers, value: bytes | None) -> str | None:
    """The event's id, as `type_of` tells its type; it need not be an id of these contracts."""
    return _told("id", headers, value)


def type_pointer(headers: Headers) -> str:
    """Where a record says its type, for whoever refuses it there."""
    return "/type" if structured.is_structured(headers) else "/headers/ce_type"


def _told(name: Literal["type", "id"], headers: Headers, value: bytes | None) -> str | None:
    if structured.is_structured(headers):
        return None if value is None or len(value) > MAX_EVENT_BYTES else structured.told(value, name)
    for header, raw in headers:
        if header == f"ce_{name}":
            return None if raw is None else raw.decode(errors="replace")
    return None


def decode(key: bytes | None, value: bytes | None, headers: Headers) -> Event[Payload]:
    """Raises `Undecodable` alone, whatever the bytes; `UnknownType` where only the type is at fault."""
    if not structured.is_structured(headers):
        return _decoded(key, value, headers)
    whole = _sized(value)
    data, said = structured.unwrapped(whole, headers)
    try:
        event = _decoded(key, data, said)
    except Undecodable as fault:
        refused = structured.in_value(fault)
    else:
        refuse_ambiguity(whole)
        return event
    raise refused


def _decoded(key: bytes | None, value: bytes | None, headers: Headers) -> Event[Payload]:
    attributes = _attributes(headers)
    model = _model(attributes)
    subject = _uuid(attributes, "ce_subject")
    if key is None or key != attributes["ce_subject"].encode():
        raise Undecodable(DeadLetterCode.SUBJECT_MISMATCH, "/headers/ce_subject", "the record's key is another")
    event_id, source, time = _uuid(attributes, "ce_id"), _source(attributes), _time(attributes)
    if SAME_AS in attributes:
        event_id = _uuid(attributes, SAME_AS)
    data = _data(model, _sized(value))
    if isinstance(data, OfProcedure) and data.procedure != subject:
        raise Undecodable(DeadLetterCode.SUBJECT_MISMATCH, "/procedure", "not the subject")
    said = upcast(data)
    return Event(event_id, source, said.event_type, subject, time, said, _traceparent(attributes))


def _sized(value: bytes | None) -> bytes:
    if value is None:
        raise Undecodable(DeadLetterCode.NO_VALUE, "", "the record has no value")
    if len(value) > MAX_EVENT_BYTES:
        raise Undecodable(DeadLetterCode.TOO_LARGE, "", f"above {MAX_EVENT_BYTES} bytes")
    return value


def _attributes(headers: Headers) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for name, raw in headers:
        if raw is None:
            raise Undecodable(DeadLetterCode.NULL_HEADER, _header(name), "a header without a value")
        if name in attributes and name in _READ:
            raise Undecodable(DeadLetterCode.DUPLICATE_HEADER, _header(name), "a header given twice")
        text = _text(raw)
        if text is None:
            raise Undecodable(DeadLetterCode.HEADER_NOT_UTF8, _header(name), "a header that is not UTF-8")
        attributes[name] = text
    if _CLOUDEVENTS.match(attributes.get("content-type", "")):
        raise _invalid("content-type", "application/cloudevents+json expected, one event a record")
    for name in REQUIRED_HEADERS:
        if name not in attributes:
            raise Undecodable(DeadLetterCode.MISSING_HEADER, _header(name), "missing")
    return attributes


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _header(name: str) -> str:
    # A name that we do not know was chosen by whoever sent it, and is not repeated.
    return f"/headers/{name}" if name in _READ else "/headers"


def _invalid(name: str, expected: str) -> Undecodable:
    return Undecodable(DeadLetterCode.INVALID_HEADER, _header(name), expected)


def _model(attributes: dict[str, str]) -> type[Payload]:
    if attributes["ce_specversion"] != "1.0":
        raise Undecodable(DeadLetterCode.UNSUPPORTED_SPECVERSION, "/headers/ce_specversion", "1.0 expected")
    model = MODELS.get(attributes["ce_type"])
    if model is None:
        raise UnknownType(DeadLetterCode.UNKNOWN_TYPE, "/headers/ce_type", "not in these contracts")
    if not _JSON.fullmatch(attributes["content-type"]):
        raise _invalid("content-type", "application/json expected")
    # The host may change one day and the journal keeps its past: only the schema's own name counts.
    if not attributes["ce_dataschema"].endswith(f"/{model.event_type}.json"):
        raise _invalid("ce_dataschema", "the schema of ce_type expected")
    return model


def _uuid(attributes: dict[str, str], name: str) -> UUID:
    if not _UUID.fullmatch(attributes[name]):
        raise _invalid(name, "a lower-case UUID expected")
    return UUID(attributes[name])


def _source(attributes: dict[str, str]) -> str:
    if not _SOURCE.fullmatch(attributes["ce_source"]):
        raise _invalid("ce_source", "/services/<name> or /tribunals/<code> expected")
    return attributes["ce_source"]


def _time(attributes: dict[str, str]) -> datetime:
    try:
        if _TIME.fullmatch(attributes["ce_time"]):
            return datetime.fromisoformat(attributes["ce_time"])
    except ValueError:
        pass
    raise _invalid("ce_time", "an RFC 3339 time in UTC expected")


def _traceparent(attributes: dict[str, str]) -> str | None:
    # A malformed one does not cost the event.
    traceparent = next((attributes[name] for name in _TRACES if name in attributes), "")
    return traceparent if _TRACEPARENT.fullmatch(traceparent) else None


def _data(model: type[Payload], value: bytes) -> Payload:
    try:
        data = model.model_validate_json(value, by_alias=True, by_name=False, extra="ignore")
    except ValidationError as error:
        refused = _violation(error)
    else:
        # What equals our own writing is not ambiguous, and is told faster than by looking for it (4 µs, not 8).
        if to_json(data) != value:
            refuse_ambiguity(value)
        return data
    # Raised out here, so that it does not carry the first error, which names the fields that were sent.
    raise refused


def _violation(error: ValidationError) -> Undecodable:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Undecodable(DeadLetterCode.NOT_JSON, "", "not JSON, or nested too deep")
    return Undecodable(DeadLetterCode.SCHEMA_VIOLATION, "".join(f"/{part}" for part in first["loc"]), first["type"])
