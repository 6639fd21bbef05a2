"""What courts write on their topics, on a real PostgreSQL: each reply once, a fact or a refusal, at nobody's cost."""

import json
from typing import Any

import pytest
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Withdrawn
from infoparquet_contracts.topics import JOURNAL, replies_topic, tribunal_topic
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.clock import new_id
from tests.builders import an_event
from tests.contracts.builders import structured
from tests.services.in_process import InProcess
from tests.services.routing.facts import a_reply, delivered, handed_over, numbered, submitted

COURT, OTHER = "tj33063", "tj75056"
# The first of each road makes the last possible.
ROADS = [
    ["acknowledged"],
    ["registered"],
    ["supplement-requested"],
    ["declined"],
    ["registered", "assigned"],
    ["registered", "decided"],
    ["registered", "closed"],
]
OUTCOMES = "SELECT outcome, count(*) FROM replies GROUP BY outcome ORDER BY outcome"


def facts_of(said: list[Event[Any]]) -> list[str]:
    return [event.data.fact for event in said]


def refusals(said: list[Event[Any]]) -> list[tuple[Any, ...]]:
    return [
        (one.data.reply, one.data.delivery, one.data.code, one.data.pointer)
        for one in said
        if one.data.fact == "reply-refused"
    ]


async def topics(routing: InProcess) -> list[str]:
    """Where what was said since the delivery goes."""
    return [topic for topic, _ in await routing.said()]


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road[-1])
async def test_every_reply_becomes_its_fact(routing: InProcess, road: list[str]) -> None:
    delivery = await handed_over(routing)
    replies = [a_reply(delivery, fact) for fact in road]
    said = await routing.read_replies(COURT, *replies)
    facts = [event for event in said if event.data.fact in road]
    assert facts_of(facts) == road
    reply, fact = replies[-1], facts[-1]
    assert (fact.source, fact.subject) == ("/services/routing", delivery.subject)
    expected = reply.data.model_dump() | {"tribunal": COURT, "reply": reply.id}
    expected.pop("procedure")
    assert fact.data.model_dump() == expected
    assert await routing.rows(OUTCOMES) == [("taken", len(road))]


async def test_a_procedure_that_was_declined_goes_on_to_the_court_named_with_its_number(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    said = await routing.read_replies(COURT, a_reply(delivery, "declined", competent=(OTHER,)))
    assert facts_of(said) == ["declined", "recall", "routed", "delivery"]
    assert said[3].data.number == delivery.data.number
    former, next_one = tribunal_topic(COURT).name, tribunal_topic(OTHER).name
    assert (await topics(routing))[-4:] == [JOURNAL.name, former, JOURNAL.name, next_one]
    assert await routing.read(said[0], said[2], delivered(said[3])) == []
    assert facts_of(await routing.read_replies(OTHER, a_reply(said[3]))) == ["acknowledged"]


async def test_the_same_reply_again_changes_nothing(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    reply = a_reply(delivery)
    assert facts_of(await routing.read_replies(COURT, reply, reply)) == ["acknowledged"]
    assert await routing.read_replies(COURT, reply) == []
    assert await routing.read_replies(COURT, reply, reply) == []


async def test_a_refused_reply_again_is_refused_once(routing: InProcess) -> None:
    reply = a_reply(await handed_over(routing), "closed")
    assert refusals(await routing.read_replies(COURT, reply)) == [(reply.id, reply.data.delivery, "out-of-turn", "")]
    assert await routing.read_replies(COURT, reply) == []


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "later"])
async def test_one_id_for_two_contents_is_refused_and_the_first_counts(routing: InProcess, together: bool) -> None:
    delivery = await handed_over(routing)
    first = a_reply(delivery)
    other = a_reply(delivery, "registered", id=first.id)
    third = a_reply(delivery, "registered")
    if together:
        said = await routing.read_replies(COURT, first, other, other, third)
    else:
        said = await routing.read_replies(COURT, first)
        said += await routing.read_replies(COURT, other)
        said += await routing.read_replies(COURT, third)
    assert facts_of(said) == ["acknowledged", "reply-refused", "registered"]
    assert refusals(said) == [(first.id, delivery.id, "reused-id", "")]


async def test_each_content_that_an_id_was_given_to_again_has_a_refusal_of_its_own(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    first = a_reply(delivery)
    others = [a_reply(delivery, "assigned", id=first.id, section=section) for section in ("A1", "A2", "A1")]
    said = await routing.read_replies(COURT, first, *others)
    (one, two, again) = [event.id for event in said[1:]]
    assert one == again != two


async def test_two_courts_may_use_one_id(routing: InProcess) -> None:
    here, there = await handed_over(routing), await handed_over(routing, commune="75056")
    first = a_reply(here)
    assert facts_of(await routing.read_replies(COURT, first)) == ["acknowledged"]
    assert facts_of(await routing.read_replies(OTHER, a_reply(there, id=first.id))) == ["acknowledged"]


async def test_anothers_procedure_is_refused(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    reply = a_reply(delivery)
    assert refusals(await routing.read_replies(OTHER, reply)) == [(reply.id, delivery.id, "other-tribunal", "")]
    assert (await topics(routing))[-1] == tribunal_topic(OTHER).name
    assert facts_of(await routing.read_replies(COURT, reply)) == ["acknowledged"], "its id is that court's own"


async def test_an_unknown_procedure_and_an_unknown_delivery_are_refused(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    stray, wrong = a_reply(delivery, subject=new_id()), a_reply(delivery, delivery=new_id())
    assert refusals(await routing.read_replies(COURT, stray, wrong)) == [
        (stray.id, delivery.id, "unknown-procedure", ""),
        (wrong.id, wrong.data.delivery, "other-delivery", ""),
    ]


async def test_a_reply_that_comes_before_the_receipt_waits_for_it(routing: InProcess) -> None:
    delivery = await handed_over(routing, received=False)
    assert await routing.read_replies(COURT, a_reply(delivery), a_reply(delivery, "registered")) == []
    assert await routing.read_replies(COURT, a_reply(delivery, "closed")) == []
    assert await routing.rows(OUTCOMES) == [("waiting", 3)]
    said = await routing.read(delivered(delivery))
    assert facts_of(said) == ["acknowledged", "registered", "closed"]
    assert await routing.rows(OUTCOMES) == [("taken", 3)]
    assert await routing.read(delivered(delivery)) == []


async def test_a_reply_in_the_batch_of_its_receipt_is_taken_at_once(routing: InProcess) -> None:
    delivery = await handed_over(routing, received=False)
    reply = routing.record(a_reply(delivery), replies_topic(COURT).name)
    assert facts_of(await routing.read_records(reply, routing.record(delivered(delivery)))) == ["acknowledged"]


async def test_a_reply_that_waits_is_refused_when_the_withdrawal_comes_instead(routing: InProcess) -> None:
    delivery = await handed_over(routing, received=False)
    reply = a_reply(delivery)
    await routing.read_replies(COURT, reply)
    said = await routing.read(an_event(Withdrawn(reason="duplicate"), subject=delivery.subject))
    assert facts_of(said) == ["recall", "reply-refused"]
    assert refusals(said) == [(reply.id, delivery.id, "other-delivery", "")]
    assert await routing.rows(OUTCOMES) == [("refused", 1)]
    assert await routing.read(delivered(delivery)) == []


async def test_a_crash_before_the_commit_leaves_nothing_of_a_reply(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    record = routing.record(a_reply(delivery), replies_topic(COURT).name)
    async with routing.abandoned() as transaction:
        await routing.running.consumer.parts.application.apply(transaction, [record], careful=False)
        assert len(transaction.said) == 1
    assert await routing.rows("SELECT count(*) FROM replies") == [(0,)]
    assert facts_of(await routing.read_records(record)) == ["acknowledged"]


def named(headers: Any, name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(one, value if one == name else given) for one, given in headers]


def bad_records(routing: InProcess, delivery: Event[Any]) -> dict[str, tuple[Any, str, str]]:
    """Each with the code of its dead letter and the pointer that the court is told."""
    topic = replies_topic(COURT).name
    good = routing.record(a_reply(delivery), topic)

    def bad(event: Event[Any] | None = None, **changes: Any) -> Any:
        return routing.record(event or a_reply(delivery), topic, **changes)

    return {
        "not JSON": (bad(value=b"<reply/>"), "not-json", ""),
        "no value": (bad(value=None), "no-value", ""),
        "null header": (bad(headers=named(good.headers, "ce_time", None)), "null-header", "/headers/ce_time"),
        "bad UTF-8": (bad(headers=named(good.headers, "ce_id", b"\xff")), "header-not-utf8", "/headers/ce_id"),
        "another key": (bad(key=b"Jean Dupont"), "subject-mismatch", "/headers/ce_subject"),
        "no key": (bad(key=None), "subject-mismatch", "/headers/ce_subject"),
        "a fact": (bad(numbered(delivery.subject)), "unknown-type", "/headers/ce_type"),
        "a mebibyte": (bad(value=b'{"at": "' + b"x" * 2**20 + b'"}'), "too-large", ""),
        "against the schema": (bad(value=b"{}"), "schema-violation", "/procedure"),
    }


WELL_FRAMED = ["against the schema", "a fact", "a mebibyte"]


@pytest.mark.parametrize(
    "kind", ["not JSON", "no value", "null header", "bad UTF-8", "another key", "no key", *WELL_FRAMED]
)
async def test_what_cannot_be_read_is_kept_and_told_and_costs_nobody_else_anything(
    routing: InProcess, kind: str
) -> None:
    delivery, other = await handed_over(routing), await handed_over(routing, commune="75056")
    record, code, pointer = bad_records(routing, delivery)[kind]
    before, after = a_reply(delivery), a_reply(delivery, "registered")
    there = a_reply(other)
    batch = [
        routing.record(before, replies_topic(COURT).name),
        record,
        routing.record(after, replies_topic(COURT).name),
        routing.record(there, replies_topic(OTHER).name),
    ]
    with capture_logs() as logs:
        said = await routing.read_records(*batch)
    assert sorted(facts_of(said)) == ["acknowledged", "acknowledged", "dead-letter", "registered", "reply-refused"]
    ((_, told_delivery, refusal, told_pointer),) = refusals(said)
    assert (told_delivery, refusal, told_pointer) == (None, "unreadable", pointer)
    assert await routing.rows("SELECT code, pointer, parks FROM dead_letters") == [(code, pointer, False)]
    assert "Dupont" not in str(said) + str(logs)
    # The procedure goes on, for this court and in the journal, and the record read again is told no second time.
    assert facts_of(await routing.read_replies(COURT, a_reply(delivery, "decided"))) == ["decided"]
    assert await routing.read_records(record) == []


async def test_a_refusal_names_the_reply_where_its_id_could_be_read(routing: InProcess) -> None:
    reply = a_reply(await handed_over(routing))
    topic = replies_topic(COURT).name
    said = await routing.read_records(routing.record(reply, topic, value=b"?"))
    assert refusals(said) == [(reply.id, None, "unreadable", "")]
    assert {event.subject for event in said} == {reply.subject}
    said = await routing.read_records(routing.record(reply, topic, **in_structured_mode(reply, data={})))
    assert refusals(said) == [(reply.id, None, "unreadable", "/data/procedure")]


def in_structured_mode(reply: Event[Any], **changes: Any) -> dict[str, Any]:
    value = json.dumps(structured(reply) | changes).encode()
    return {"value": value, "headers": [("content-type", b"application/cloudevents+json")]}


async def test_a_reply_in_structured_mode_is_taken_once(routing: InProcess) -> None:
    reply, topic = a_reply(await handed_over(routing)), replies_topic(COURT).name
    record = routing.record(reply, topic, **in_structured_mode(reply))
    assert facts_of(await routing.read_records(record)) == ["acknowledged"]
    assert await routing.read_replies(COURT, reply) == []


async def test_a_field_too_many_costs_nothing_and_is_kept_nowhere(routing: InProcess) -> None:
    reply, topic = a_reply(await handed_over(routing)), replies_topic(COURT).name
    record = routing.record(reply, topic)
    record = routing.record(reply, topic, value=record.value[:-1] + b', "text": "M. Dupont"}')
    with capture_logs() as logs:
        said = await routing.read_records(record)
    assert facts_of(said) == ["acknowledged"]
    assert "Dupont" not in str(said) + str(logs) + str(await routing.rows("SELECT data FROM replies"))


async def test_a_waiting_reply_is_read_where_a_newer_process_kept_more_of_it(routing: InProcess) -> None:
    delivery = await handed_over(routing, received=False)
    await routing.read_replies(COURT, a_reply(delivery))
    async with routing.running.engine.begin() as connection:
        await connection.execute(text("""UPDATE replies SET data = data || '{"priority": 1}'"""))
    assert facts_of(await routing.read(delivered(delivery))) == ["acknowledged"]


async def test_a_reply_on_the_journal_is_nothing_to_routing(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    assert await routing.read(a_reply(delivery)) == []
    assert await routing.rows("SELECT count(*) FROM replies") == [(0,)]


async def test_a_reply_to_a_procedure_behind_a_dead_letter_waits_with_it(routing: InProcess) -> None:
    stray = numbered(new_id())
    delivery = await handed_over(routing)
    with capture_logs():
        await routing.read(stray)
    assert facts_of(await routing.read_replies(COURT, a_reply(delivery))) == ["acknowledged"]
    assert await routing.read_replies(COURT, a_reply(delivery, subject=stray.subject)) == []
    assert await routing.rows("SELECT procedure_id FROM parked_facts") == [(stray.subject,)]


async def test_a_thousand_replies_take_as_many_statements_as_one(routing: InProcess) -> None:
    async def statements(count: int) -> int:
        facts = [submitted() for _ in range(count)]
        said = await routing.read(*facts, *map(numbered, facts))
        deliveries = said[count:]
        await routing.read(*said[:count], *map(delivered, deliveries))
        sent: list[str] = []

        def note(_: object, __: object, statement: str, *___: object) -> None:
            sent.append(statement)

        engine = routing.running.engine.sync_engine
        sqlalchemy_event.listen(engine, "before_cursor_execute", note)
        assert len(await routing.read_replies(COURT, *map(a_reply, deliveries))) == count
        sqlalchemy_event.remove(engine, "before_cursor_execute", note)
        return len(sent)

    assert await statements(200) == await statements(1)
