"""Structured mode: an event that is whole in its value is read under the same demands as one whose headers say it."""

import json
from typing import Any

import pytest
from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.court import Withdrawal
from infoparquet_contracts.envelope import MAX_EVENT_BYTES, Headers, Undecodable, UnknownType, decode, id_of, type_of
from infoparquet_contracts.overlap import written as both_versions

from tests.contracts.builders import (
    DELIVERY,
    OTHER_DELIVERY,
    PROCEDURE,
    an_event,
    routed,
    structured,
    structured_record,
    submitted,
    withdrawn,
)

Code = DeadLetterCode
KEY = str(PROCEDURE).encode()
EVENT = an_event(submitted(documents=1))
WHOLE: dict[str, Any] = structured(EVENT)
HEADERS: Headers = [("content-type", b"application/cloudevents+json")]
PERSON = "Jean Dupont"
TRACE, OTHER_TRACE = f"00-{'a1' * 16}-{'b2' * 8}-01", f"00-{'c3' * 16}-{'d4' * 8}-00"


def written(**changes: object) -> bytes:
    return json.dumps(WHOLE | changes).encode()


def without(name: str) -> bytes:
    return json.dumps({kept: value for kept, value in WHOLE.items() if kept != name}).encode()


def with_data(**changes: object) -> bytes:
    return written(data=WHOLE["data"] | changes)


def refusal_of(value: bytes | None, headers: Headers = HEADERS, key: bytes | None = KEY) -> Undecodable:
    with pytest.raises(Undecodable) as refused:
        decode(key, value, headers)
    assert refused.value.__context__ is None
    assert "Dupont" not in f"{refused.value} {refused.value!r}"
    return refused.value


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/cloudevents+json",
        b"application/cloudevents+json; charset=UTF-8",
        b"Application/CloudEvents+JSON;charset=utf-8",
    ],
)
def test_an_event_is_read_from_its_value_where_the_content_type_says_so(content_type: bytes) -> None:
    assert decode(KEY, written(), [("content-type", content_type)]) == EVENT


@pytest.mark.parametrize("raw", [None, b"\xff", b"other"])
def test_the_content_type_decides_and_other_headers_mean_nothing(raw: bytes | None) -> None:
    names = ("ce_specversion", "ce_id", "ce_type", "ce_subject", "ce_type", "x-note")
    assert decode(KEY, written(), [*HEADERS, *((name, raw) for name in names)]) == EVENT


def test_a_content_type_given_twice_is_refused() -> None:
    refused = refusal_of(written(), [*HEADERS, *HEADERS])
    assert (refused.code, refused.pointer) == (Code.DUPLICATE_HEADER, "/headers/content-type")


@pytest.mark.parametrize(
    "content_type",
    [b"application/cloudevents-batch+json", b"application/cloudevents+avro", b"application/cloudevents+jsonish"],
)
def test_batches_and_other_formats_are_refused_by_the_content_type(content_type: bytes) -> None:
    refused = refusal_of(b"[" + written() + b"]", [("content-type", content_type)])
    assert (refused.code, refused.pointer) == (Code.INVALID_HEADER, "/headers/content-type")
    assert refused.detail == "application/cloudevents+json expected, one event a record"


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "subject", "time", "dataschema"])
def test_an_attribute_that_is_absent_null_or_no_text_is_refused_at_its_place(name: str) -> None:
    for value in (without(name), written(**{name: None}), written(**{name: 1}), written(**{name: [PERSON]})):
        refused = refusal_of(value)
        assert (refused.code, refused.pointer) == (Code.SCHEMA_VIOLATION, f"/{name}")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("sameas", 1, Code.SCHEMA_VIOLATION),
        ("sameas", "42", Code.SCHEMA_VIOLATION),
        ("specversion", "0.3", Code.UNSUPPORTED_SPECVERSION),
        ("id", "42", Code.SCHEMA_VIOLATION),
        ("source", f"/services/{PERSON}", Code.SCHEMA_VIOLATION),
        ("subject", f"{{{PROCEDURE}}}", Code.SCHEMA_VIOLATION),
        ("subject", str(OTHER_DELIVERY), Code.SUBJECT_MISMATCH),
        ("time", "2026-11-23T09:00:00+01:00", Code.SCHEMA_VIOLATION),
        ("time", "2026-11-23T09:00:00", Code.SCHEMA_VIOLATION),
        ("dataschema", "https://schemas.infoparquet.example/other.json", Code.SCHEMA_VIOLATION),
        ("datacontenttype", "application/xml", Code.SCHEMA_VIOLATION),
        ("datacontenttype", 1, Code.SCHEMA_VIOLATION),
        ("data_base64", "e30=", Code.SCHEMA_VIOLATION),
    ],
)
def test_a_malformed_attribute_is_refused_at_its_place(name: str, value: object, code: DeadLetterCode) -> None:
    refused = refusal_of(written(**{name: value}))
    assert (refused.code, refused.pointer) == (code, f"/{name}")


@pytest.mark.parametrize("content_type", [None, "application/json", "application/json; charset=utf-8"])
def test_the_data_is_json_whether_the_event_says_so_or_not(content_type: str | None) -> None:
    assert decode(KEY, written(datacontenttype=content_type), HEADERS) == EVENT


def test_a_type_outside_the_contracts_is_told_apart() -> None:
    refused = refusal_of(written(type=PERSON))
    assert isinstance(refused, UnknownType)
    assert (refused.code, refused.pointer) == (Code.UNKNOWN_TYPE, "/type")


@pytest.mark.parametrize("key", [None, b"", str(OTHER_DELIVERY).encode(), KEY.upper()])
def test_a_key_that_is_not_the_subject_is_refused(key: bytes | None) -> None:
    refused = refusal_of(written(), key=key)
    assert (refused.code, refused.pointer) == (Code.SUBJECT_MISMATCH, "/subject")


def test_a_procedure_in_the_data_that_is_not_the_subject_is_refused() -> None:
    whole = structured(an_event(Withdrawal(procedure=PROCEDURE, delivery=DELIVERY, reason=withdrawn().reason)))
    refused = refusal_of(json.dumps(whole | {"data": whole["data"] | {"procedure": str(OTHER_DELIVERY)}}).encode())
    assert (refused.code, refused.pointer) == (Code.SUBJECT_MISMATCH, "/data/procedure")


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (without("data"), "/data"),
        (written(data=None), "/data"),
        (written(data=json.dumps(WHOLE["data"])), "/data"),
        (written(data={}), "/data/administration"),
        (with_data(places=[{"ground": "facts", "commune": PERSON}]), "/data/places/0/commune"),
        # What pydantic would take in Python, and not in JSON.
        (with_data(submitted_at=1_700_006_400), "/data/submitted_at"),
        (with_data(submitted_at="2026-11-23T09:00:00+00:00"), "/data/submitted_at"),
        (with_data(facts={"from": "1700006400", "to": None}), "/data/facts/from"),
        (with_data(facts={"from": float("inf"), "to": None}), "/data/facts/from"),
        (written().replace(b"2048", b"2048.0"), "/data/documents/0/bytes"),
        (written().replace(b"2048", b"1e999"), "/data/documents/0/bytes"),
        (written().replace(b'"service": "risques"', b'"service": NaN'), "/data/service"),
        (written().replace(b"2048", b"9" * 4_000), "/data/documents/0/bytes"),
        (b"[]", ""),
        (b"null", ""),
    ],
    ids=lambda value: repr(value[-24:]),
)
def test_what_breaks_the_schema_is_refused_at_its_place(value: bytes, pointer: str) -> None:
    refused = refusal_of(value)
    assert (refused.code, refused.pointer) == (Code.SCHEMA_VIOLATION, pointer)


@pytest.mark.parametrize(
    "value",
    [
        written().replace(b'"subject":', b'"subject": "x", "subject":'),
        written().replace(b'"data":', b'"data": {}, "data":'),
        written().replace(b'"to":', b'"to": null, "to":'),
        written(extension={"a": 1}).replace(b'"a": 1', b'"a": 1, "a": 1'),
    ],
)
def test_a_name_given_twice_in_one_object_is_refused(value: bytes) -> None:
    assert refusal_of(value).code is Code.DUPLICATE_NAME


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, Code.NO_VALUE),
        (b"", Code.NOT_JSON),
        (b"\xff", Code.NOT_JSON),
        (written()[:-1], Code.NOT_JSON),
        (written(extension="\ud800"), Code.NOT_JSON),
        (written(extension=float("nan")), Code.NOT_JSON),
        (b"[" * 100_000, Code.NOT_JSON),
        (b" " * MAX_EVENT_BYTES + b"{}", Code.TOO_LARGE),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_value_that_cannot_be_read_at_all_is_refused(value: bytes | None, code: DeadLetterCode) -> None:
    refused = refusal_of(value)
    assert (refused.code, refused.pointer) == (code, "")


def test_what_nobody_knows_is_left_out_in_the_event_and_in_its_data() -> None:
    strange = {"partitionkey": "x", "sequence": 7, "sampled": True, "ce_type": "x", PERSON: {"a": [1]}}
    assert decode(KEY, written(**strange), HEADERS) == EVENT
    assert decode(KEY, with_data(**strange), HEADERS) == EVENT


@pytest.mark.parametrize(
    ("value", "header", "expected"),
    [
        (TRACE, OTHER_TRACE, TRACE),
        (None, OTHER_TRACE, OTHER_TRACE),
        ("garbage", None, None),
        (1, None, None),
        (None, "\udcff", None),
        (None, None, None),
    ],
)
def test_the_trace_is_the_event_s_or_else_the_record_s_and_never_costs_the_event(
    value: object, header: str | None, expected: str | None
) -> None:
    raw = None if header is None else header.encode(errors="surrogateescape")
    read = decode(KEY, written(traceparent=value), [*HEADERS, ("traceparent", raw)])
    assert (read.traceparent, read.data) == (expected, EVENT.data)


def test_an_older_version_is_read_as_the_newest_under_the_id_that_both_share() -> None:
    for record in both_versions(an_event(routed())):
        assert decode(KEY, json.dumps(structured_record(record)).encode(), HEADERS) == an_event(routed())


def test_type_and_id_are_told_without_reading_anything_else() -> None:
    unread = written(time=PERSON, data=None, source=1)
    assert (type_of(HEADERS, unread), id_of(HEADERS, unread)) == (EVENT.type, str(EVENT.id))
    stray: Headers = [*HEADERS, ("ce_type", b"stray"), ("ce_id", b"stray")]
    assert (type_of(stray, unread), id_of(stray, unread)) == (EVENT.type, str(EVENT.id))


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"[]",
        b"\xff",
        b"{" * 100_000,
        b'{"type":' * 10_000,
        written(type=7, id=None),
        without("type")[:-1],
        b" " * MAX_EVENT_BYTES + written(),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_type_that_cannot_be_read_is_none(value: bytes | None) -> None:
    assert type_of(HEADERS, value) is None
    assert id_of(HEADERS, value) is None
