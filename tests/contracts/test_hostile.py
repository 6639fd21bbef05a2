"""Values made to be slow, deep or great: each is an event or an `Undecodable` within bounds that no value exceeds."""

import sys
import time
import tracemalloc
from collections.abc import Callable

import pytest
from infoparquet_contracts.envelope import (
    MAX_EVENT_BYTES,
    Event,
    Headers,
    Undecodable,
    decode,
    encode,
    id_of,
    type_of,
)
from infoparquet_contracts.payload import Payload

from tests.contracts.builders import PROCEDURE, an_event, submitted
from tests.contracts.test_structured import HEADERS as STRUCTURED
from tests.contracts.test_structured import written

KEY = str(PROCEDURE).encode()
SOUND = encode(an_event(submitted(documents=1)))
ROOM = MAX_EVENT_BYTES - 4_000
# Measured on one core of a shared machine: 62 ms and 17 MB for the worst of these, 20 000 names in one object.
MOST_SECONDS, MOST_BYTES = 2.0, 64 * 1024 * 1024


def filled(opening: bytes, unit: bytes, closing: bytes) -> bytes:
    """As often as there is room for it in an event."""
    return opening + unit * ((ROOM - len(opening) - len(closing)) // len(unit)) + closing


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


CONTENTS = {
    "deep": nested(100_000),
    "just not too deep": nested(190),
    "just too deep": nested(250),
    "objects in objects": b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
    "elements": filled(b"[", b"1,", b"1]"),
    "empty objects": filled(b"[", b"{},", b"{}]"),
    "empty texts": filled(b"[", b'"",', b'""]'),
    "names": b"{" + b",".join(b'"%06d":0' % one for one in range(20_000)) + b"}",
    "one name": filled(b'{"', b"n", b'":1}'),
    "one text": filled(b'"', b"x", b'"'),
    "escapes": filled(b'"', rb"\u0041", b'"'),
    "half surrogates": filled(b'"', rb"\ud800", b'"'),
    "an integer": filled(b"1", b"9", b""),
    "an integer as long as they may be": b"9" * 4_300,
    "integers as long as they may be": filled(b"[", b"9" * 4_300 + b",", b"1]"),
    "a fraction": filled(b"0.", b"9", b""),
    "exponents": filled(b"[", b"1e9,", b"1]"),
    "an exponent": filled(b"1e", b"9", b""),
    "numbers that are none": filled(b"[", b"NaN,", b"NaN]"),
    "white space": filled(b"[", b" ", b"]"),
}
PLACES: dict[str, Callable[[bytes], tuple[bytes, Headers]]] = {
    "the value": lambda content: (content, SOUND.headers),
    "an unknown field": lambda content: (SOUND.value[:-1] + b',"unknown":' + content + b"}", SOUND.headers),
    "a known field": lambda content: (SOUND.value.replace(b'"risques"', content), SOUND.headers),
    "a structured value": lambda content: (content, STRUCTURED),
    "an unknown attribute": lambda content: (written()[:-1] + b',"unknown":' + content + b"}", STRUCTURED),
    "the type": lambda content: (written(type=0).replace(b'"type": 0', b'"type": ' + content), STRUCTURED),
    "structured data": lambda content: (written(data=0).replace(b'"data": 0', b'"data": ' + content), STRUCTURED),
}


def outcome_of(value: bytes, headers: Headers) -> Event[Payload] | Undecodable:
    try:
        return decode(KEY, value, headers)
    except Undecodable as refused:
        return refused


@pytest.mark.measured
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("content", CONTENTS)
def test_a_hostile_value_is_told_of_within_bounds_wherever_it_stands(content: str, place: str) -> None:
    value, headers = PLACES[place](CONTENTS[content])
    assert len(value) <= MAX_EVENT_BYTES
    began = time.process_time()
    outcome = outcome_of(value, headers)
    type_of(headers, value)
    id_of(headers, value)
    assert time.process_time() - began < MOST_SECONDS
    tracemalloc.start()
    assert type(outcome_of(value, headers)) is type(outcome)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MOST_BYTES
    if isinstance(outcome, Event):
        assert outcome == an_event(submitted(documents=1))
        assert place.startswith("an unknown")


@pytest.mark.parametrize("headers", [SOUND.headers, STRUCTURED], ids=["binary", "structured"])
def test_a_megabyte_is_refused_without_being_read(headers: Headers) -> None:
    value = b"[" * 1_048_576
    outcome = outcome_of(value, headers)
    assert isinstance(outcome, Undecodable)
    assert (outcome.code.value, outcome.pointer) == ("too-large", "")
    assert type_of(STRUCTURED, value) is None


@pytest.mark.parametrize("frames", [60, 100, 150, 250, 400])
def test_a_caller_with_few_frames_left_is_told_so_and_nothing_breaks(frames: int) -> None:
    """What pydantic takes is 200 deep, Python's own reader recurses once a level."""
    value = SOUND.value[:-1] + b',"unknown":' + nested(190) + b"}"

    def descend(left: int) -> Event[Payload] | Undecodable:
        return descend(left - 1) if left else outcome_of(value, SOUND.headers)

    outcome = descend(sys.getrecursionlimit() - depth() - frames)
    assert isinstance(outcome, Event) or outcome.detail == "nested too deep"


def depth() -> int:
    frame, count = sys._getframe(), 0  # noqa: SLF001 - the only way to know how many frames are left
    while frame.f_back is not None:
        frame, count = frame.f_back, count + 1
    return count
