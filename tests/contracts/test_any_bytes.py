"""Whatever bytes arrive, decoding gives an event or an `Undecodable` that can stand in a dead letter."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from infoparquet_contracts.envelope import Event, Headers, Undecodable, decode, encode, type_of
from infoparquet_contracts.identifiers import JsonPointer
from infoparquet_contracts.payload import OfProcedure, Payload
from infoparquet_contracts.registry import MODELS
from pydantic import TypeAdapter

from tests.contracts.builders import PROCEDURE, an_event, structured, submitted
from tests.contracts.schema_values import values_of

KEY = str(PROCEDURE).encode()
SOUND = encode(an_event(submitted(documents=1)))
WHOLE = structured(an_event(submitted(documents=1)))
STRUCTURED: Headers = [("content-type", b"application/cloudevents+json")]
PERSON = "Jean Dupont"
POINTER: TypeAdapter[str] = TypeAdapter(JsonPointer)

names = st.sampled_from([name for name, _ in SOUND.headers]) | st.text(max_size=8)
header_values = st.none() | st.binary(max_size=40) | st.text(max_size=20).map(str.encode)
any_headers = st.lists(st.tuples(names, header_values), max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(PERSON),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just(PERSON) | st.text(), inner, max_size=3),
    max_leaves=8,
)


def outcome_of(key: bytes | None, value: bytes | None, headers: Headers) -> Event[Payload] | Undecodable:
    try:
        return decode(key, value, headers)
    except Undecodable as refused:
        return refused


def is_sound(outcome: Event[Payload] | Undecodable) -> bool:
    """An event, or a refusal whose pointer a dead letter can carry and that repeats nothing."""
    if isinstance(outcome, Undecodable):
        POINTER.validate_python(outcome.pointer)
        return PERSON not in str(outcome) and outcome.__context__ is None
    return True


@st.composite
def altered_events(draw: st.DrawFn) -> tuple[bytes, bytes, Headers]:
    """An event of any type, sound but for one place of its value, which holds anything."""
    model = draw(st.sampled_from(list(MODELS.values())))
    value = draw(values_of(model))
    payload = model.model_validate(value)
    subject = payload.procedure if isinstance(payload, OfProcedure) else PROCEDURE
    record = encode(an_event(payload, subject=subject))
    place = value
    while True:
        step = draw(st.sampled_from(sorted(place)) if isinstance(place, dict) else st.sampled_from(range(len(place))))
        if not place[step] or not isinstance(place[step], dict | list) or draw(st.booleans()):
            break
        place = place[step]
    if isinstance(place, dict) and draw(st.booleans()):
        place[draw(st.just(PERSON) | st.text())] = draw(json_values)
    else:
        place[step] = draw(json_values)
    return record.key, json.dumps(value).encode(), record.headers


@settings(max_examples=120)
@given(st.none() | st.binary(max_size=50), st.none() | st.binary(max_size=100), any_headers)
def test_any_record_is_decoded_or_refused(key: bytes | None, value: bytes | None, headers: Headers) -> None:
    assert is_sound(outcome_of(key, value, headers))


@settings(max_examples=120)
@given(names, header_values)
def test_a_sound_record_with_any_header_replaced_is_decoded_or_refused(name: str, value: bytes | None) -> None:
    replaced = [(known, value if known == name else kept) for known, kept in SOUND.headers]
    assert is_sound(outcome_of(KEY, SOUND.value, replaced))
    assert is_sound(outcome_of(KEY, SOUND.value, [*SOUND.headers, (name, value)]))


@settings(max_examples=120)
@given(st.integers(0, len(SOUND.value)), st.integers(0, 20), st.binary(max_size=20))
def test_a_sound_value_with_any_bytes_in_place_of_some_is_decoded_or_refused(at: int, cut: int, put: bytes) -> None:
    assert is_sound(outcome_of(KEY, SOUND.value[:at] + put + SOUND.value[at + cut :], SOUND.headers))


@settings(max_examples=120)
@given(json_values)
def test_any_json_as_the_value_is_refused(value: object) -> None:
    outcome = outcome_of(KEY, json.dumps(value).encode(), SOUND.headers)
    assert isinstance(outcome, Undecodable)
    assert is_sound(outcome)


@settings(max_examples=120)
@given(st.sampled_from([*WHOLE, PERSON]), json_values)
def test_a_structured_event_with_anything_in_one_place_is_decoded_or_refused(name: str, value: object) -> None:
    whole = json.dumps(WHOLE | {name: value}).encode()
    assert is_sound(outcome_of(KEY, whole, STRUCTURED))


@settings(max_examples=120)
@given(st.binary(max_size=100) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_value_that_is_said_to_be_structured_is_refused(value: bytes) -> None:
    outcome = outcome_of(KEY, value, STRUCTURED)
    assert isinstance(outcome, Undecodable)
    assert is_sound(outcome)


@settings(max_examples=120)
@given(altered_events())
def test_an_event_altered_at_one_place_is_decoded_or_refused(record: tuple[bytes, bytes, Headers]) -> None:
    assert is_sound(outcome_of(*record))


@given(any_headers, st.binary(max_size=100))
def test_the_type_of_any_record_is_told_or_not(headers: Headers, value: bytes) -> None:
    assert type_of(headers, value) is None or "ce_type" in dict(headers)
    assert type_of(STRUCTURED, value) is None
