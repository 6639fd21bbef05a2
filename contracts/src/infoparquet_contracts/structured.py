"""CloudEvents 1.0 in Kafka's structured mode: the whole event is JSON in the value, and `content-type` says so.

What the event says is put where binary mode has it, to be read there under the same demands; a fault found there is
told by its place in the value. The other headers of such a record, `ce_*` among them, mean nothing.
"""

import re
from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from .codes import DeadLetterCode
from .record import Headers
from .undecodable import Undecodable

_STRUCTURED = re.compile(rb"application/cloudevents\+json(?:\s*;.*)?", re.IGNORECASE)
_TEXTS = ("specversion", "id", "source", "type", "subject", "time", "dataschema", "datacontenttype", "sameas")
_OF_HEADERS = (DeadLetterCode.MISSING_HEADER, DeadLetterCode.INVALID_HEADER)


def is_structured(headers: Headers) -> bool:
    """As `content-type` decides, where there is just one."""
    given = [raw for name, raw in headers if name == "content-type"]
    return len(given) == 1 and given[0] is not None and _STRUCTURED.fullmatch(given[0]) is not None


class _Told(BaseModel):
    type: Any = None
    id: Any = None


def told(value: bytes, name: Literal["type", "id"]) -> str | None:
    """One attribute, keeping nothing else of the value; None where it cannot be read. Never raises."""
    try:
        found = getattr(_Told.model_validate_json(value), name)
    except ValidationError:
        return None
    return found if isinstance(found, str) else None


def unwrapped(value: bytes, headers: Headers) -> tuple[bytes, Headers]:
    """The data and the attributes as binary mode has them: value and headers. Raises `Undecodable`."""
    event = _event(value)
    attributes = {"datacontenttype": "application/json"} | event
    for name in _TEXTS:
        if not isinstance(attributes.get(name, ""), str):
            raise _violation(f"/{name}", "a string expected")
    said = [(_header(name), text.encode()) for name, text in attributes.items() if isinstance(text, str)]
    said += [(name, raw) for name, raw in headers if name == "traceparent" and raw is not None and raw.isascii()][:1]
    # As they were written: a number that is too great must not become null.
    return to_json(event["data"], inf_nan_mode="constants"), said


def in_value(fault: Undecodable) -> Undecodable:
    """A fault of what was unwrapped, by its place in the value that it came in."""
    code = DeadLetterCode.SCHEMA_VIOLATION if fault.code in _OF_HEADERS else fault.code
    header = fault.pointer.removeprefix("/headers/")
    place = f"/data{fault.pointer}" if header == fault.pointer else f"/{_attribute(header)}"
    return type(fault)(code, place, fault.detail)


def _event(value: bytes) -> dict[str, Any]:
    """What the value says; an attribute that is null is not there."""
    event = _json(value)
    if not isinstance(event, dict):
        raise _violation("", "an object expected")
    if event.get("data_base64") is not None:
        raise _violation("/data_base64", "data expected instead, as JSON")
    if "data" not in event:
        raise _violation("/data", "missing")
    return {name: said for name, said in event.items() if said is not None or name == "data"}


def _json(value: bytes) -> Any:  # noqa: ANN401 - whatever was sent
    try:
        return from_json(value)
    except ValueError:
        fault = Undecodable(DeadLetterCode.NOT_JSON, "", "not JSON, or nested too deep")
    raise fault


def _violation(place: str, detail: str) -> Undecodable:
    return Undecodable(DeadLetterCode.SCHEMA_VIOLATION, place, detail)


def _header(attribute: str) -> str:
    return "content-type" if attribute == "datacontenttype" else f"ce_{attribute}"


def _attribute(header: str) -> str:
    return "datacontenttype" if header == "content-type" else header.removeprefix("ce_")
