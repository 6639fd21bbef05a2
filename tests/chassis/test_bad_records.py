"""A bad record in the middle of a batch costs itself alone, is kept whole, and is told of once, without its bytes."""

import base64
import json
import shutil
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from aiokafka.partitioner import murmur2
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka
from cloudevents.core.formats.json import JSONFormat
from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Numbered
from infoparquet_contracts.operations import DeadLetter
from infoparquet_contracts.topics import DEAD_LETTERS, JOURNAL

from chassis.clock import new_id
from deploy.local.folders import fresh_folder
from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from services.numbering.allocation import written
from tests.builders import a_submission, an_event
from tests.chassis.journal import Raw, committed, raw
from tests.chassis.numbering import Numbering
from tests.contracts.builders import structured

pytestmark = pytest.mark.asyncio(loop_scope="module")

Code = DeadLetterCode
# No dead letter's event may hold it, and its own row must.
SECRET = b"Marie-Ange Untel"


def good() -> Raw:
    return raw(an_event(a_submission()))


def with_key(key: bytes | None) -> Raw:
    return replace(good(), key=key)


def with_value(value: bytes | None) -> Raw:
    return replace(good(), value=value)


def with_field(name: str, value: object) -> Raw:
    one = good()
    return replace(one, value=json.dumps(json.loads(one.value or b"") | {name: value}).encode())


BAD: dict[str, tuple[Raw, DeadLetterCode, str]] = {
    "a header without value": (good().with_header("x-note", None), Code.NULL_HEADER, "/headers"),
    "a header of ours without value": (good().with_header("ce_id", None), Code.NULL_HEADER, "/headers/ce_id"),
    "a type without value": (good().with_header("ce_type", None), Code.NULL_HEADER, "/headers/ce_type"),
    "a header that is not UTF-8": (good().with_header("x-note", b"\xff" + SECRET), Code.HEADER_NOT_UTF8, "/headers"),
    "a type that is not UTF-8": (good().with_header("ce_type", b"\xff"), Code.HEADER_NOT_UTF8, "/headers/ce_type"),
    "a name that is not UTF-8": (good().with_header(b"\xff\xfe-note", SECRET), Code.HEADER_NOT_UTF8, "/headers"),
    "a name cut within a character": (good().with_header(b"note-\xc3", b""), Code.HEADER_NOT_UTF8, "/headers"),
    "no header at all": (replace(good(), headers=()), Code.MISSING_HEADER, "/headers/ce_specversion"),
    "no value": (with_value(None), Code.NO_VALUE, ""),
    "an empty value": (with_value(b""), Code.NOT_JSON, ""),
    "bytes that are not JSON": (with_value(b"\x00" + SECRET), Code.NOT_JSON, ""),
    "no key": (with_key(None), Code.SUBJECT_MISMATCH, "/headers/ce_subject"),
    "an empty key": (with_key(b""), Code.SUBJECT_MISMATCH, "/headers/ce_subject"),
    "a key that is no id": (with_key(SECRET), Code.SUBJECT_MISMATCH, "/headers/ce_subject"),
    "an unknown type": (good().with_header("ce_type", b"fr.example.v1"), Code.UNKNOWN_TYPE, "/headers/ce_type"),
    "a field as it may not be": (with_field("reference", "é" + SECRET.decode()), Code.SCHEMA_VIOLATION, "/reference"),
    "a value of 900 kB": (with_value(b'{"reference": "' + b"x" * 900_000 + b'"}'), Code.TOO_LARGE, ""),
}


STRUCTURED = (("content-type", b"application/cloudevents+json"),)
DEEP = b"[" * 100_000 + b"]" * 100_000


def in_structured_mode(event: Event[Any], **more: object) -> Raw:
    return Raw(str(event.subject).encode(), json.dumps(structured(event) | more).encode(), STRUCTURED)


def with_json(one: Raw, content: bytes, name: bytes = b"unknown") -> Raw:
    """A field more, as it is written."""
    return replace(one, value=(one.value or b"")[:-1] + b', "%b": %b}' % (name, content))


def whole() -> Raw:
    return in_structured_mode(an_event(a_submission()))


# Each is a batch of its own, up to the greatest that the topic takes.
HOSTILE: dict[str, tuple[Raw, DeadLetterCode, str]] = {
    "a megabyte": (with_value(b'{"reference": "' + b"x" * 1_040_000 + b'"}'), Code.TOO_LARGE, ""),
    "a megabyte, structured": (with_json(whole(), b'"' + b"x" * 1_040_000 + b'"'), Code.TOO_LARGE, ""),
    "a key of a megabyte": (with_key(b"x" * 1_040_000), Code.SUBJECT_MISMATCH, "/headers/ce_subject"),
    "nothing but depth": (with_value(DEEP), Code.NOT_JSON, ""),
    "a depth that never ends": (with_value(b'{"unknown":' * 20_000), Code.NOT_JSON, ""),
    "depth in an unknown field": (with_json(good(), DEEP), Code.NOT_JSON, ""),
    "depth in an unknown attribute": (with_json(whole(), DEEP), Code.NOT_JSON, ""),
    "depth as structured data": (with_json(whole(), DEEP, b"data"), Code.NOT_JSON, ""),
    "a number of 200 000 digits": (with_json(good(), b"9" * 200_000), Code.NOT_JSON, ""),
    "a number that JSON does not have": (with_json(good(), b"NaN"), Code.NOT_JSON, ""),
    "half a surrogate pair": (with_json(good(), rb'"\ud800"'), Code.NOT_JSON, ""),
    "a name twice among 20 000": (
        with_json(good(), b"{" + b'"a": 1, ' * 20_000 + b'"b": 1}'),
        Code.DUPLICATE_NAME,
        "",
    ),
    "a structured type that nobody knows": (
        in_structured_mode(an_event(a_submission()), type="fr.example.v1"),
        Code.UNKNOWN_TYPE,
        "/type",
    ),
    "structured data that is wrong": (
        in_structured_mode(an_event(a_submission()), data={SECRET.decode(): 1}),
        Code.SCHEMA_VIOLATION,
        "/data/administration",
    ),
}
# What is left out, whatever it is, and costs nothing.
HARMLESS: dict[str, Raw] = {
    "an unknown field": with_field(SECRET.decode(), SECRET.decode()),
    "120 000 elements": with_json(good(), b"[" + b"1," * 120_000 + b"1]"),
    "80 000 objects": with_json(good(), b"[" + b"{}," * 80_000 + b"{}]"),
    "a name of 200 000 letters": with_json(good(), b"1", b"n" * 200_000),
    "a fraction of 200 000 digits": with_json(good(), b"0." + b"9" * 200_000),
    "an exponent beyond all": with_json(good(), b"1e999999"),
    "structured": whole(),
    "structured, with an unknown attribute": with_json(whole(), b"[" + b"{}," * 50_000 + b"{}]"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def numbering() -> AsyncIterator[Numbering]:
    """On a journal of its own, which each test goes on writing."""
    folder = fresh_folder()
    broker_port, controller_port, database_port = free_ports(3)
    async with (
        ApacheKafka(folder / "kafka", broker_port, controller_port) as kafka,
        Postgres(folder / "postgres", database_port) as postgres,
    ):
        yield await Numbering.migrated(kafka.bootstrap, await postgres.create_database("infoparquet_numbering"))
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Handled:
    """What was put on the journal and handled: where the first record stands, and the good facts' procedures."""

    first: int
    good: list[UUID]


def procedures_of(records: Iterable[Raw]) -> list[UUID]:
    return [UUID((record.key or b"").decode()) for record in records]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bad_batch(numbering: Numbering) -> Handled:
    """Each bad record once, good ones around it; and good ones in another partition, polled together with them."""
    good_ones = [good() for _ in range(len(BAD) + 1)]
    batch = [good_ones[0]]
    for (one, _, _), following in zip(BAD.values(), good_ones[1:], strict=True):
        batch += [one, following]
    beside = [good() for _ in range(5)]
    async with numbering.running():
        await numbering.write(6, beside[:3])
        first = await numbering.write(5, batch)
        last = await numbering.write(6, beside[3:])
        await numbering.reaches(5, first + len(batch))
        await numbering.reaches(6, last + 2)
    return Handled(first, procedures_of([*good_ones, *beside]))


@dataclass(frozen=True)
class Apart:
    """Where each hostile record stands, what is said meanwhile between them, and the good facts' procedures."""

    places: list[int]
    good: list[UUID]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hostile(numbering: Numbering) -> Apart:
    """Each hostile record in a batch of its own, a good one after each; then others’ business, and what is harmless."""
    good_ones = [good() for _ in HOSTILE]
    others = in_structured_mode(an_event(Numbered(number="2026-00000042-26", authority="local")))
    async with numbering.running():
        places = []
        for (one, _, _), following in zip(HOSTILE.values(), good_ones, strict=True):
            places.append(await numbering.write(8, [one]))
            await numbering.write(8, [following])
        for one in (others, *HARMLESS.values()):
            last = await numbering.write(8, [one])
        await numbering.reaches(8, last + 1)
    return Apart(places, procedures_of([*good_ones, *HARMLESS.values()]))


@dataclass(frozen=True)
class Held:
    """Two facts that cannot be applied, and what came after one of them."""

    numbered: list[UUID]
    no_number_left: UUID
    letters: dict[int, tuple[DeadLetterCode, UUID]]
    parked: list[int]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def held(numbering: Numbering) -> Held:
    """In the middle of a batch of good facts; one good fact more comes in a later batch."""
    # Somebody else has the first number of 2031: no procedure of that year can be given one.
    taken = "INSERT INTO numbers VALUES (:id, :number, 2031, 1, 'local', 'dreal-33', now())"
    await numbering.query(taken, id=new_id(), number=written(2031, 1))
    at_fault = an_event(a_submission(at=datetime(2031, 5, 1, tzinfo=UTC)))
    again = [raw(an_event(a_submission(), subject=at_fault.subject)) for _ in range(3)]
    # Paris is already in the year 10000.
    beyond = an_event(a_submission(at=datetime(9999, 12, 31, 23, 30, tzinfo=UTC)))
    around = [good() for _ in range(41)]
    batch = [*around[:13], raw(at_fault), *around[13:20], again[0], again[1], raw(beyond), *around[20:40]]
    async with numbering.running():
        first = await numbering.write(7, batch)
        later = await numbering.write(7, [again[2], around[40]])
        await numbering.reaches(7, later + 2)
    letters = {
        first + 13: (Code.DATABASE_REFUSED, at_fault.subject),
        first + 23: (Code.UNPROCESSABLE, beyond.subject),
    }
    return Held(procedures_of(around), at_fault.subject, letters, [first + 21, first + 22, later])


async def everything(numbering: Numbering) -> dict[str, object]:
    """What a redelivery must not change: the tables, and all that was published."""
    bootstrap = numbering.settings.kafka_bootstrap
    tables = ("numbers", "sequences", "dead_letters", "parked_facts", "outbox")
    kept: dict[str, object] = {one: await numbering.query(f"SELECT * FROM {one} ORDER BY 1, 2") for one in tables}  # noqa: S608
    published = [await committed(bootstrap, topic) for topic in (JOURNAL, DEAD_LETTERS)]
    return kept | {"published": [(one.topic, one.partition, one.offset) for records in published for one in records]}


async def deliver_again(numbering: Numbering) -> None:
    """Everything from the start, as after a restore of the positions alone."""
    ends = await numbering.query("SELECT partition, next_offset FROM positions WHERE next_offset > 0")
    await numbering.query("UPDATE positions SET next_offset = 0")
    async with numbering.running():
        for partition, offset in ends:
            await numbering.reaches(partition, offset)


async def has_numbers_without_gap(numbering: Numbering, procedures: Iterable[UUID]) -> None:
    rows = await numbering.query("SELECT sequence, procedure_id FROM numbers WHERE year = 2026 ORDER BY sequence")
    assert [sequence for sequence, _ in rows] == list(range(1, len(rows) + 1)), "a number is missing"
    assert set(procedures) <= {procedure for _, procedure in rows}


async def test_bad_records_cost_themselves_alone(numbering: Numbering, bad_batch: Handled) -> None:
    await has_numbers_without_gap(numbering, bad_batch.good)
    kept = 'SELECT "offset", code, pointer FROM dead_letters WHERE partition = 5 ORDER BY "offset"'
    expected = [(bad_batch.first + 1 + 2 * at, code, pointer) for at, (_, code, pointer) in enumerate(BAD.values())]
    assert await numbering.query(kept) == expected


async def test_hostile_records_cost_themselves_alone_and_what_nobody_knows_costs_nothing(
    numbering: Numbering, hostile: Apart
) -> None:
    await has_numbers_without_gap(numbering, hostile.good)
    kept = 'SELECT "offset", code, pointer, length(value) FROM dead_letters WHERE partition = 8 ORDER BY "offset"'
    expected = [
        (place, code, pointer, len(one.value or b""))
        for place, (one, code, pointer) in zip(hostile.places, HOSTILE.values(), strict=True)
    ]
    assert await numbering.query(kept) == expected


async def test_what_is_said_stands_where_murmur2_of_its_subject_puts_it_and_is_read_by_the_sdk(
    numbering: Numbering, bad_batch: Handled
) -> None:
    records = await committed(numbering.settings.kafka_bootstrap, JOURNAL)
    said = [one for one in records if dict(one.headers).get("ce_source") == b"/services/numbering"]
    for record in said:
        headers = dict(record.headers)
        assert headers["ce_subject"] == record.key
        assert record.partition == (murmur2(record.key) & 0x7FFFFFFF) % JOURNAL.partitions
        read = from_kafka(KafkaMessage(headers, record.key, record.value), JSONFormat())
        assert (read.get_id(), read.get_data()) == (headers["ce_id"].decode(), json.loads(record.value))
    ids = [dict(record.headers)["ce_id"] for record in said]
    assert len(set(ids)) == len(ids) >= len(bad_batch.good)


async def test_a_dead_letter_keeps_every_byte(numbering: Numbering, bad_batch: Handled) -> None:
    of_batch = 'SELECT key, value, headers FROM dead_letters WHERE partition = 5 ORDER BY "offset"'
    rows = await numbering.query(of_batch)
    for (key, value, headers), (one, _, _) in zip(rows, BAD.values(), strict=True):
        assert (key, value) == (one.key, one.value)
        names = [name if isinstance(name, bytes) else name.encode() for name, _ in one.headers]
        assert [name.encode(errors="surrogateescape") for name, _ in json.loads(headers)] == names
        values = [None if value is None else base64.b64decode(value) for _, value in json.loads(headers)]
        assert values == [value for _, value in one.headers]


async def test_operators_are_told_of_each_once_and_without_its_bytes(
    numbering: Numbering, bad_batch: Handled, held: Held
) -> None:
    records = await committed(numbering.settings.kafka_bootstrap, DEAD_LETTERS)
    told = [DeadLetter.model_validate_json(record.value) for record in records]
    kept = await numbering.query('SELECT topic, partition, "offset", code, pointer FROM dead_letters')
    assert sorted((one.topic, one.partition, one.offset, one.code, one.pointer) for one in told) == sorted(kept)
    for record in records:
        assert SECRET not in b"".join([record.key, record.value, *(value for _, value in record.headers)])


async def test_a_fact_that_cannot_be_applied_holds_its_own_procedure_alone(numbering: Numbering, held: Held) -> None:
    await has_numbers_without_gap(numbering, held.numbered)
    letters = await numbering.query('SELECT "offset", code, procedure_id FROM dead_letters WHERE parks')
    assert {offset: (code, procedure) for offset, code, procedure in letters} == held.letters
    parked = await numbering.query('SELECT "offset", procedure_id FROM parked_facts ORDER BY "offset"')
    assert parked == [(offset, held.no_number_left) for offset in held.parked]


async def test_a_redelivery_of_everything_changes_nothing(numbering: Numbering, bad_batch: Handled, held: Held) -> None:
    before = await everything(numbering)
    await deliver_again(numbering)
    assert await everything(numbering) == before


async def test_a_number_is_said_once_a_procedure(numbering: Numbering, bad_batch: Handled, held: Held) -> None:
    records = await committed(numbering.settings.kafka_bootstrap, JOURNAL)
    said = [record.key for record in records if dict(record.headers).get("ce_type") == Numbered.event_type.encode()]
    given = await numbering.query("SELECT procedure_id FROM numbers WHERE year = 2026")
    assert sorted(said) == sorted(str(procedure).encode() for (procedure,) in given)


async def test_a_letter_that_was_closed_holds_nothing_when_its_record_comes_again(
    numbering: Numbering, held: Held
) -> None:
    closing = "UPDATE dead_letters SET closed_at = now() WHERE procedure_id = :procedure"
    await numbering.query(closing, procedure=held.no_number_left)
    letters = await numbering.count("dead_letters")
    await deliver_again(numbering)
    await has_numbers_without_gap(numbering, [held.no_number_left])
    assert await numbering.count("dead_letters") == letters
