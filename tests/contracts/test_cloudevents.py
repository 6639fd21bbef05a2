"""Conformance with CloudEvents 1.0 over Kafka, held against the official SDK, which reads what we write, and we it."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from aiokafka.partitioner import DefaultPartitioner, murmur2
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.http import CloudEvent as FormerCloudEvent
from cloudevents.v1.kafka import to_binary as to_binary_formerly
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from infoparquet_contracts.envelope import Event, Record, decode, encode
from infoparquet_contracts.overlap import written
from infoparquet_contracts.payload import OfProcedure, Payload
from infoparquet_contracts.registry import MODELS
from infoparquet_contracts.topics import JOURNAL
from infoparquet_contracts.versions import upcast

from tests.contracts.builders import PROCEDURE, an_event, numbered, routed
from tests.contracts.schema_values import values_of

EVERY_TYPE = pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.event_type)
# RFC 3339, in UTC.
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z")
# Of Kafka's own UtilsTest.testMurmur2, as the Java client counts: in 32 bits with a sign.
JAVA_MURMUR2 = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


def read_by_sdk(record: Record) -> BaseCloudEvent:
    return from_kafka(KafkaMessage(dict(record.headers), record.key, record.value), JSONFormat())


def an_sdk_event(event: Event[Payload]) -> CloudEvent:
    """The event as a program that has the SDK alone would say it."""
    attributes = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": event.source,
        "type": event.type,
        "subject": str(event.subject),
        # These contracts take times in UTC alone.
        "time": event.time.astimezone(UTC),
        "dataschema": event.dataschema,
        "datacontenttype": "application/json",
        "traceparent": event.traceparent,
    }
    return CloudEvent(attributes, json.loads(encode(event).value))


def key_of(event: BaseCloudEvent) -> str | None:
    return event.get_subject()


def decoded(message: KafkaMessage) -> Event[Payload]:
    key = message.key.encode() if isinstance(message.key, str) else message.key
    return decode(key, message.value, list(message.headers.items()))


def newest(event: Event[Payload]) -> Event[Payload]:
    data = upcast(event.data)
    return replace(event, type=data.event_type, data=data)


@st.composite
def events(draw: st.DrawFn, model: type[Payload]) -> Event[Payload]:
    data = model.model_validate_json(json.dumps(draw(values_of(model))))
    subject = data.procedure if isinstance(data, OfProcedure) else draw(st.uuids())
    paris = timezone(timedelta(hours=1))
    time = draw(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([UTC, paris])))  # noqa: DTZ001 - hypothesis puts the zone
    return an_event(data, id=draw(st.uuids()), subject=subject, time=time)


@EVERY_TYPE
@settings(max_examples=5, phases=[Phase.generate])
@given(data=st.data())
def test_the_sdk_reads_what_is_written_with_the_same_attributes_and_data(
    model: type[Payload], data: st.DataObject
) -> None:
    event = data.draw(events(model))
    read = read_by_sdk(encode(event))
    assert read.get_attributes() == {
        "specversion": "1.0",
        "id": str(event.id),
        "source": event.source,
        "type": model.event_type,
        "subject": str(event.subject),
        "time": event.time,
        "dataschema": event.dataschema,
        "datacontenttype": "application/json",
        # As the binding has it, of the record's key.
        "partitionkey": str(event.subject),
    }
    assert read.get_data() == event.data.model_dump(mode="json")


@EVERY_TYPE
@settings(max_examples=5, phases=[Phase.generate])
@given(data=st.data())
def test_what_the_sdk_writes_in_either_mode_is_read_as_the_same_event(
    model: type[Payload], data: st.DataObject
) -> None:
    event = data.draw(events(model))
    for write in (to_binary, to_structured):
        message = write(an_sdk_event(event), JSONFormat(), key_of)
        assert decoded(message) == newest(event), write.__name__


def test_what_the_sdk_read_it_writes_again_as_the_same_event() -> None:
    event = an_event(numbered())
    for write in (to_binary, to_structured):
        assert decoded(write(read_by_sdk(encode(event)), JSONFormat())) == replace(event, traceparent=None)


def test_the_time_that_the_sdk_s_first_interface_writes_is_read() -> None:
    event = an_event(numbered())
    attributes = {name: value for name, value in an_sdk_event(event).get_attributes().items() if name != "time"}
    said = to_binary_formerly(FormerCloudEvent(attributes, json.loads(encode(event).value)), key_mapper=_subject)
    assert said.headers["ce_time"].endswith(b"+00:00")
    read = decode(str(said.key).encode(), bytes(said.value), list(said.headers.items()))  # type: ignore[arg-type]  # text, by its own type
    assert read == replace(event, time=datetime.fromisoformat(said.headers["ce_time"].decode()))


def _subject(event: Any) -> str:
    return str(event["subject"])


@given(st.datetimes(datetime(2, 1, 1), datetime(9999, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - hypothesis puts the zone
def test_a_time_is_written_as_rfc_3339_in_utc(time: datetime) -> None:
    said = dict(encode(an_event(numbered(), time=time)).headers)["ce_time"].decode()
    assert TIME.fullmatch(said)
    assert datetime.fromisoformat(said) == time.astimezone(UTC)


@given(st.uuids())
def test_each_version_of_an_event_has_an_id_of_its_own_and_the_event_s_key(one: UUID) -> None:
    records = written(an_event(routed(), id=one))
    ids = [dict(record.headers)["ce_id"] for record in records]
    assert len(set(ids)) == len(ids) == 2
    assert {record.key for record in records} == {dict(record.headers)["ce_subject"] for record in records}
    assert {decode(record.key, record.value, record.headers).id for record in records} == {one}


@pytest.mark.parametrize(("key", "expected"), JAVA_MURMUR2.items())
def test_the_client_counts_murmur2_as_the_java_client_does(key: bytes, expected: int) -> None:
    assert murmur2(key) == expected % 2**32


def test_a_procedure_s_partition_is_what_murmur2_makes_of_its_key() -> None:
    key, partitions = encode(an_event(numbered())).key, list(range(JOURNAL.partitions))
    assert key == str(PROCEDURE).encode()
    assert DefaultPartitioner()(key, partitions, partitions) == (murmur2(key) & 0x7FFFFFFF) % JOURNAL.partitions
