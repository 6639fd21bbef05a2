"""The envelope: what is written, what is read, and that no bytes at all can make the reader do anything else."""

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone

import pytest
from infoparquet_contracts import envelope
from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.court import Withdrawal
from infoparquet_contracts.envelope import (
    MAX_EVENT_BYTES,
    EventTooLarge,
    Undecodable,
    UnknownType,
    decode,
    encode,
    type_of,
)
from infoparquet_contracts.facts import Submitted
from infoparquet_contracts.parts import Document

from tests.contracts.builders import (
    DELIVERY,
    OTHER_DELIVERY,
    PROCEDURE,
    START,
    Changes,
    an_event,
    headers_of,
    numbered,
    submitted,
    withdrawn,
)

KEY = str(PROCEDURE).encode()
WRITTEN = encode(an_event(submitted(documents=1)))
NAMES = [name for name, _ in WRITTEN.headers]
PERSON = "Jean Dupont"


def refusal_of(key: bytes | None, value: bytes | None, headers: envelope.Headers) -> Undecodable:
    with pytest.raises(Undecodable) as refused:
        decode(key, value, headers)
    return refused.value


def refusal_of_value(value: bytes | None) -> Undecodable:
    return refusal_of(KEY, value, WRITTEN.headers)


def refusal_with(**changes: bytes | None) -> Undecodable:
    return refusal_of(KEY, WRITTEN.value, headers_of(submitted(documents=1), **changes))


def changed(**fields: object) -> bytes:
    return json.dumps(json.loads(WRITTEN.value) | fields).encode()


def test_an_event_is_written_in_the_binary_mode_of_cloudevents() -> None:
    record = encode(an_event(numbered()))
    assert record.key == KEY
    assert record.value == b'{"number":"2026-00000042-26","authority":"local"}'
    event_type = b"fr.justice.infoparquet.procedure.numbered.v1"
    assert dict(record.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": str(an_event(numbered()).id).encode(),
        "ce_source": b"/services/routing",
        "ce_type": event_type,
        "ce_subject": KEY,
        "ce_time": b"2026-11-23T09:00:00.250000Z",
        "ce_dataschema": b"https://schemas.infoparquet.example/" + event_type + b".json",
        "content-type": b"application/json",
        "traceparent": f"00-{'a1' * 16}-{'b2' * 8}-01".encode(),
    }


def test_a_time_in_another_zone_is_written_in_utc() -> None:
    paris = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert dict(encode(an_event(numbered(), time=paris)).headers)["ce_time"] == b"2026-07-01T10:00:00.000000Z"


@pytest.mark.parametrize("traceparent", [None, "", "garbage", f"00-{'A1' * 16}-{'b2' * 8}-01"])
def test_an_event_without_a_sound_traceparent_has_no_such_header(traceparent: str | None) -> None:
    record = encode(an_event(numbered(), traceparent=traceparent))
    assert "traceparent" not in dict(record.headers)
    assert decode(record.key, record.value, record.headers).traceparent is None


def test_a_malformed_traceparent_does_not_cost_the_event() -> None:
    headers = headers_of(submitted(documents=1), traceparent=b"garbage")
    assert decode(KEY, WRITTEN.value, headers).traceparent is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "fr.justice.infoparquet.procedure.withdrawn.v1"},
        {"source": "intake"},
        {"source": "/services/Jean Dupont"},
        {"time": START.replace(tzinfo=None)},
    ],
    ids=str,
)
def test_what_decode_would_refuse_is_not_written(wrong: Changes) -> None:
    with pytest.raises(ValueError, match=r"type|source|zone"):
        encode(an_event(numbered(), **wrong))


def test_a_court_s_message_about_another_procedure_than_its_subject_is_not_written() -> None:
    withdrawal = Withdrawal(procedure=OTHER_DELIVERY, delivery=DELIVERY, reason=withdrawn().reason)
    with pytest.raises(ValueError, match="subject"):
        encode(an_event(withdrawal))


def documented(documents: int, name_length: int = 0) -> Submitted:
    photograph = Document(id=DELIVERY, media_type="image/x" + "y" * name_length, bytes=1, sha256="0f" * 32)
    return submitted().model_copy(update={"documents": (photograph,) * documents})


def test_an_event_of_exactly_the_greatest_size_is_written_and_read_and_one_byte_more_is_not() -> None:
    per_document = encode(an_event(documented(2))).size - encode(an_event(documented(1))).size
    room = MAX_EVENT_BYTES - encode(an_event(documented(1))).size
    count = 1 + room // per_document
    padding = MAX_EVENT_BYTES - encode(an_event(documented(count))).size
    fits = documented(count)
    last = fits.documents[-1].model_copy(update={"media_type": "image/x" + "y" * padding})
    fits = fits.model_copy(update={"documents": (*fits.documents[:-1], last)})
    assert encode(an_event(fits)).size == MAX_EVENT_BYTES
    longer = last.model_copy(update={"media_type": last.media_type + "y"})
    with pytest.raises(EventTooLarge) as refused:
        encode(an_event(fits.model_copy(update={"documents": (*fits.documents[:-1], longer)})))
    assert refused.value.size == MAX_EVENT_BYTES + 1


def test_a_value_above_the_greatest_size_is_refused_before_it_is_read() -> None:
    assert refusal_of_value(b" " * MAX_EVENT_BYTES + b"{}").code is DeadLetterCode.TOO_LARGE


@pytest.mark.parametrize("name", NAMES)
def test_a_null_header_is_refused(name: str) -> None:
    headers = [(known, None if known == name else value) for known, value in WRITTEN.headers]
    refused = refusal_of(KEY, WRITTEN.value, headers)
    assert (refused.code, refused.pointer) == (DeadLetterCode.NULL_HEADER, f"/headers/{name}")


@pytest.mark.parametrize("name", NAMES)
def test_a_header_that_is_not_utf8_is_refused(name: str) -> None:
    headers = [(known, b"\xff\xfe" if known == name else value) for known, value in WRITTEN.headers]
    refused = refusal_of(KEY, WRITTEN.value, headers)
    assert (refused.code, refused.pointer) == (DeadLetterCode.HEADER_NOT_UTF8, f"/headers/{name}")


@pytest.mark.parametrize("name", NAMES)
def test_a_header_given_twice_is_refused(name: str) -> None:
    refused = refusal_of(KEY, WRITTEN.value, [*WRITTEN.headers, (name, b"again")])
    assert (refused.code, refused.pointer) == (DeadLetterCode.DUPLICATE_HEADER, f"/headers/{name}")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "traceparent"])
def test_an_absent_header_is_refused(name: str) -> None:
    refused = refusal_of(KEY, WRITTEN.value, [header for header in WRITTEN.headers if header[0] != name])
    assert (refused.code, refused.pointer) == (DeadLetterCode.MISSING_HEADER, f"/headers/{name}")


def test_headers_of_others_are_let_through_when_they_are_sound_and_not_named_when_they_are_not() -> None:
    more = [("baggage", b"1"), ("baggage", b"2"), ("tracestate", "é".encode())]
    assert decode(KEY, WRITTEN.value, [*WRITTEN.headers, *more]).subject == PROCEDURE
    refused = refusal_of(KEY, WRITTEN.value, [*WRITTEN.headers, (PERSON, None)])
    assert (refused.code, refused.pointer) == (DeadLetterCode.NULL_HEADER, "/headers")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ce_specversion", b"0.3", DeadLetterCode.UNSUPPORTED_SPECVERSION),
        ("ce_id", b"42", DeadLetterCode.INVALID_HEADER),
        ("ce_id", b"0192F0C1-0000-7000-8000-00000000000A", DeadLetterCode.INVALID_HEADER),
        ("ce_source", b"https://example.org", DeadLetterCode.INVALID_HEADER),
        ("ce_source", b"/services/intake\n", DeadLetterCode.INVALID_HEADER),
        ("ce_subject", b"{0192f0c1-0000-7000-8000-000000000001}", DeadLetterCode.INVALID_HEADER),
        ("ce_subject", str(OTHER_DELIVERY).encode(), DeadLetterCode.SUBJECT_MISMATCH),
        ("ce_time", b"2026-11-23", DeadLetterCode.INVALID_HEADER),
        ("ce_time", b"2026-11-23T09:00:00+01:00", DeadLetterCode.INVALID_HEADER),
        ("ce_time", b"2026-02-30T09:00:00Z", DeadLetterCode.INVALID_HEADER),
        ("ce_time", b"0000-01-01T00:00:00Z", DeadLetterCode.INVALID_HEADER),
        ("ce_time", b"2026-11-23T24:00:01Z", DeadLetterCode.INVALID_HEADER),
        ("ce_dataschema", b"https://schemas.infoparquet.example/other.json", DeadLetterCode.INVALID_HEADER),
        ("content_type", b"application/xml", DeadLetterCode.INVALID_HEADER),
        ("content_type", b"application/cloudevents", DeadLetterCode.INVALID_HEADER),
    ],
)
def test_a_malformed_attribute_is_refused_by_its_name(name: str, value: bytes, code: DeadLetterCode) -> None:
    refused = refusal_with(**{name: value})
    assert (refused.code, refused.pointer) == (code, f"/headers/{name.replace('content_type', 'content-type')}")
    assert not isinstance(refused, UnknownType)


@pytest.mark.parametrize("content_type", [b"application/json; charset=utf-8", b"Application/JSON"])
def test_the_content_type_may_have_parameters_and_capitals(content_type: bytes) -> None:
    assert decode(KEY, WRITTEN.value, headers_of(submitted(documents=1), content_type=content_type))


def test_a_time_in_nanoseconds_is_cut_to_microseconds() -> None:
    headers = headers_of(submitted(documents=1), ce_time=b"2026-11-23T09:00:00.123456789Z")
    assert decode(KEY, WRITTEN.value, headers).time == datetime(2026, 11, 23, 9, 0, 0, 123_456, tzinfo=UTC)


def test_utc_may_be_written_as_an_offset_in_the_envelope() -> None:
    headers = headers_of(submitted(documents=1), ce_time=b"2026-11-23T09:00:00.5+00:00")
    assert decode(KEY, WRITTEN.value, headers).time == datetime(2026, 11, 23, 9, 0, 0, 500_000, tzinfo=UTC)


def test_the_schema_s_host_may_change() -> None:
    moved = b"https://schemas.example.fr/v/fr.justice.infoparquet.procedure.submitted.v1.json"
    assert decode(KEY, WRITTEN.value, headers_of(submitted(documents=1), ce_dataschema=moved))


@pytest.mark.parametrize("ce_type", [b"", b"fr.justice.infoparquet.procedure.submitted.v2", b"Jean Dupont"])
def test_a_type_outside_the_contracts_is_told_apart(ce_type: bytes) -> None:
    refused = refusal_with(ce_type=ce_type)
    assert isinstance(refused, UnknownType)
    assert (refused.code, refused.pointer) == (DeadLetterCode.UNKNOWN_TYPE, "/headers/ce_type")


@pytest.mark.parametrize("key", [None, b"", b"\xff", str(OTHER_DELIVERY).encode(), KEY.upper()])
def test_a_key_that_is_not_the_subject_is_refused(key: bytes | None) -> None:
    assert refusal_of(key, WRITTEN.value, WRITTEN.headers).code is DeadLetterCode.SUBJECT_MISMATCH


def test_a_procedure_in_the_data_that_is_not_the_subject_is_refused() -> None:
    event = an_event(Withdrawal(procedure=PROCEDURE, delivery=DELIVERY, reason=withdrawn().reason))
    record = encode(event)
    forged = record.value.replace(KEY, str(OTHER_DELIVERY).encode())
    refused = refusal_of(record.key, forged, record.headers)
    assert (refused.code, refused.pointer) == (DeadLetterCode.SUBJECT_MISMATCH, "/procedure")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"{",
        b"not json",
        b"\x00",
        WRITTEN.value + b"{}",
        WRITTEN.value[:-2],
        b'{"reference": "\\ud800"}',
        b"[" * 100_000,
        b'{"places":' * 10_000,
        b'{"places":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda value: repr(value[:16]),
)
def test_a_value_that_is_not_json_or_too_deep_is_refused(value: bytes) -> None:
    refused = refusal_of_value(value)
    assert (refused.code, refused.pointer) == (DeadLetterCode.NOT_JSON, "")


def test_no_value_is_refused() -> None:
    assert refusal_of_value(None).code is DeadLetterCode.NO_VALUE


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (b"null", ""),
        (b"[]", ""),
        (b"{}", "/administration"),
        (changed(kind="other"), "/kind"),
        (changed(submitted_at="1700006400"), "/submitted_at"),
        (changed(submitted_at="2026-11-23T09:00:00+01:00"), "/submitted_at"),
        (changed(urgency={"reason": "danger", "until": "1700006400"}), "/urgency/until"),
        (changed(facts={"to": None}), "/facts/from"),
        (changed(facts={"from_": None, "to": None}), "/facts/from"),
        (changed(facts={"from": "2021-02-30", "to": None}), "/facts/from"),
        (changed(places=[]), "/places"),
        (
            changed(places=[{"ground": "facts", "commune": "33063"}, {"ground": "facts", "commune": PERSON}]),
            "/places/1/commune",
        ),
        (changed(natinf=["022587"]), "/natinf/0"),
        (changed(natinf=[22587]), "/natinf/0"),
        (changed(reference=f"{PERSON}\n"), "/reference"),
        (changed(reference=None), "/reference"),
        (WRITTEN.value.replace(b"2048", b"2048.0"), "/documents/0/bytes"),
        (WRITTEN.value.replace(b"2048", b"NaN"), "/documents/0/bytes"),
        (WRITTEN.value.replace(b"2048", b"Infinity"), "/documents/0/bytes"),
        (WRITTEN.value.replace(b"2048", b"1e999"), "/documents/0/bytes"),
        (WRITTEN.value.replace(b"2048", b"9" * 4_000), "/documents/0/bytes"),
        (WRITTEN.value.replace(b"2048", b"true"), "/documents/0/bytes"),
    ],
    ids=lambda value: repr(value[-24:]),
)
def test_what_breaks_the_schema_is_refused_at_its_place_and_not_repeated(value: bytes, pointer: str) -> None:
    refused = refusal_of_value(value)
    assert (refused.code, refused.pointer) == (DeadLetterCode.SCHEMA_VIOLATION, pointer)
    assert "Dupont" not in f"{refused} {refused!r} {refused.__context__}"


@pytest.mark.parametrize(
    "unknown",
    [
        {PERSON: PERSON},
        {"priority": None, "history": [{"at": "2026-11-23", "deep": [[1.5, True, {}]]}]},
        {"facts": {"from": "2021-03-01", "to": None, PERSON: [PERSON]}},
        {
            "places": [
                {"ground": "facts", "commune": "33063", "cadastre": "AB 12"},
                {"ground": "residence", "commune": None},
            ]
        },
    ],
    ids=lambda unknown: ",".join(unknown),
)
def test_fields_that_nobody_knows_are_left_out_wherever_they_stand(unknown: dict[str, object]) -> None:
    assert decode(KEY, changed(**unknown), WRITTEN.headers) == an_event(submitted(documents=1))


@pytest.mark.parametrize(
    "value",
    [
        WRITTEN.value.replace(b'"kind":', b'"kind":"report","kind":'),
        WRITTEN.value.replace(b'"to":', b'"to":null, "to":'),
        WRITTEN.value.replace(b'"bytes":2048', b'"bytes":1,"bytes":2048'),
        WRITTEN.value.replace(b'"kind":', b'"\\u006bind":"report","kind":'),
        WRITTEN.value.replace(b'"kind":', b'"unknown":{"a":1,"a":1},"kind":'),
    ],
)
def test_a_name_given_twice_in_one_object_is_refused(value: bytes) -> None:
    assert refusal_of_value(value).code is DeadLetterCode.DUPLICATE_NAME


def test_the_order_of_names_and_white_space_do_not_matter() -> None:
    shuffled = json.dumps(dict(reversed(json.loads(WRITTEN.value).items())), indent=2).encode()
    assert decode(KEY, shuffled, WRITTEN.headers) == decode(KEY, WRITTEN.value, WRITTEN.headers)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_a_number_that_json_does_not_have_is_refused_in_a_field_that_nobody_knows_too(number: bytes) -> None:
    refused = refusal_of_value(WRITTEN.value.replace(b'"kind":', b'"unknown":[%b],"kind":' % number))
    assert (refused.code, refused.pointer) == (DeadLetterCode.NOT_JSON, "")


def test_the_type_is_told_without_reading_anything_else() -> None:
    assert type_of(WRITTEN.headers, None) == Submitted.event_type
    assert type_of([("ce_id", None), ("x", b"\xff"), ("ce_type", b"any")], None) == "any"
    assert type_of([], None) is None
    assert type_of([("ce_type", None)], None) is None


def test_an_event_a_record_and_a_refusal_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        an_event(numbered()).source = "/services/query"  # type: ignore[misc]  # what the test is about
    with pytest.raises(FrozenInstanceError):
        WRITTEN.key = b""  # type: ignore[misc]  # what the test is about
