"""What routing does with a batch of the journal, on a real PostgreSQL: decides once, delivers once, drops nothing."""

from itertools import permutations

import pytest
from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.parts import Candidate
from sqlalchemy import event as sqlalchemy_event
from structlog.testing import capture_logs

from chassis import followed, idempotency
from chassis.clock import new_id
from chassis.errors import Unprocessable
from services.routing import store
from tests.builders import a_submission, an_event
from tests.contracts.builders import document_infected
from tests.services.in_process import InProcess
from tests.services.routing.facts import NUMBER, a_reply, delivered, numbered, submitted

DELIVERED_TO = "SELECT p.id, d.id, d.tribunal FROM deliveries d JOIN procedures p ON p.delivery = d.id"


async def test_the_court_is_decided_when_the_procedure_is_read(routing: InProcess) -> None:
    fact = submitted(commune="33063")
    (said,) = await routing.read(fact)
    assert (said.data.fact, said.subject, said.source) == ("routed", fact.subject, "/services/routing")
    assert said.data.model_dump(mode="json") == {
        "tribunal": "tj33063",
        "formation": None,
        "rule": "cpp-43-facts",
        "legal_basis": "CPP art. 43",
        "matched": {"places": [{"ground": "facts", "commune": "33063", "aerodrome": None}], "natinf": [], "nataff": []},
        "candidates": [],
        "rule_set": "2026-11-24",
    }


async def test_a_procedure_is_decided_once_whatever_is_read_again(routing: InProcess) -> None:
    fact = submitted(commune="33063")
    (first,) = await routing.read(fact)
    assert await routing.read(fact) == []
    # Another event about the same procedure, which another rule set or commune would decide otherwise.
    assert await routing.read(an_event(a_submission(commune="75056"), subject=fact.subject)) == []
    assert await routing.rows("SELECT decision->>'tribunal' FROM procedures") == [(first.data.tribunal,)]


async def test_a_procedure_that_stands_twice_in_a_batch_is_decided_once(routing: InProcess) -> None:
    fact = submitted()
    assert len(await routing.read(fact, an_event(fact.data, subject=fact.subject))) == 1


async def test_what_no_rule_decides_is_said_and_kept(routing: InProcess) -> None:
    fact = submitted(commune=None)
    (said,) = await routing.read(fact)
    assert (said.data.fact, said.data.reason) == ("unroutable", "place-without-commune")
    assert await routing.read(fact) == []
    assert await routing.rows("SELECT id, decision, undecided->>'reason' FROM procedures") == [
        (fact.subject, None, "place-without-commune")
    ]


async def test_an_infected_document_is_not_routing_s_to_act_on(routing: InProcess) -> None:
    fact = submitted()
    infected = an_event(document_infected(), subject=fact.subject, source="/services/intake")
    assert await routing.read(infected) == []
    await routing.read(fact)
    before = await routing.rows("SELECT one::text FROM procedures AS one")
    assert await routing.read(infected) == []
    assert await routing.rows("SELECT one::text FROM procedures AS one") == before
    assert await routing.rows("SELECT event_id FROM followed_facts") == [(fact.id,)]
    assert await routing.rows("SELECT * FROM dead_letters") == []


async def test_a_number_brings_no_delivery_while_no_court_is_decided(routing: InProcess) -> None:
    fact = submitted(commune=None)
    await routing.read(fact)
    assert await routing.read(numbered(fact)) == []
    assert await routing.rows("SELECT state->>'number', delivery FROM procedures") == [(NUMBER, None)]
    assert await routing.rows("SELECT count(*) FROM deliveries") == [(0,)]


async def test_a_procedure_is_delivered_when_it_has_its_number(routing: InProcess) -> None:
    fact = submitted()
    await routing.read(fact)
    (delivery,) = await routing.read(numbered(fact))
    assert (delivery.data.fact, delivery.subject, delivery.data.number) == ("delivery", fact.subject, NUMBER)
    assert await routing.rows("SELECT topic, receipted FROM outbox ORDER BY id") == [
        # The decision, in the two versions that are in force.
        ("infoparquet.procedures.v1", False),
        ("infoparquet.procedures.v1", False),
        ("infoparquet.tribunal.tj33063.v1", True),
    ]
    assert await routing.rows(DELIVERED_TO) == [(fact.subject, delivery.id, "tj33063")]


async def test_specialised_courts_elsewhere_are_told_of_the_first_delivery_without_the_dossier(
    routing: InProcess,
) -> None:
    # Libourne: the court of appeal's pole for the environment sits in Bordeaux.
    fact = submitted(commune="33243", nataff=("J5",))
    routed, delivery, notice = await routing.read(fact, numbered(fact))
    assert [(one.tribunal, one.formation) for one in routed.data.candidates] == [("tj33063", "environment")]
    assert (delivery.data.fact, delivery.data.decision.tribunal) == ("delivery", "tj33243")
    (told,) = routed.data.candidates
    assert (told.informed, told.legal_basis) == (True, "CPP art. 706-2-3 et D47-5-1; COJ art. L211-20")
    assert notice.data.fact == "notice"
    assert notice.data.addressed == Candidate(tribunal="tj33063", formation=told.formation, rule=told.rule)
    assert (notice.data.decision, notice.data.number) == (delivery.data.decision, NUMBER)
    assert not hasattr(notice.data, "dossier_url")
    assert await routing.rows("SELECT topic, receipted FROM outbox ORDER BY id OFFSET 2") == [
        ("infoparquet.tribunal.tj33243.v1", True),
        ("infoparquet.tribunal.tj33063.v1", False),
    ]
    await routing.read(routed, delivered(delivery))
    refusal = a_reply(delivery, "declined", source="/tribunals/tj33243", competent=["tj75056"])
    said = await routing.read_replies("tj33243", refusal)
    assert [one.data.fact for one in said] == ["declined", "recall", "routed", "delivery"]


async def test_a_court_is_not_told_of_what_it_is_handed(routing: InProcess) -> None:
    fact = submitted(nataff=("J5",))
    said = await routing.read(fact, numbered(fact))
    assert [one.data.fact for one in said] == ["routed", "delivery"]
    assert said[0].data.candidates[0].formation == "environment"


async def test_number_and_procedure_may_come_in_one_batch(routing: InProcess) -> None:
    fact = submitted()
    assert [event.data.fact for event in await routing.read(fact, numbered(fact))] == ["routed", "delivery"]


async def test_a_procedure_is_delivered_once_whatever_is_repeated_and_in_whatever_order(routing: InProcess) -> None:
    for order in permutations(range(4)):
        fact = submitted()
        routed = (await routing.read(fact))[0]
        # Writers interleave: the decision may stand in the journal before the number or after it.
        later = [routed, numbered(fact), numbered(fact, "2026-00000043-23"), fact]
        said = await routing.read(*(later[place] for place in order[:2]))
        said += await routing.read(*(later[place] for place in order[2:]), *later)
        assert [event.data.fact for event in said] == ["delivery"]
        first = next(later[place] for place in order if place in (1, 2))
        assert said[0].data.number == first.data.number, "the number that was read first stays"
    assert await routing.rows("SELECT count(*), count(DISTINCT procedure_id) FROM deliveries") == [(24, 24)]


async def test_a_crash_before_the_commit_leaves_nothing_and_the_batch_is_delivered_then(routing: InProcess) -> None:
    fact = submitted()
    async with routing.abandoned() as transaction:
        await routing.apply(transaction, [fact, numbered(fact)])
    assert await routing.rows("SELECT count(*) FROM procedures") == [(0,)]
    assert [event.data.fact for event in await routing.read(fact, numbered(fact))] == ["routed", "delivery"]


async def test_a_number_of_a_procedure_never_submitted_is_unprocessable(routing: InProcess) -> None:
    handler = routing.running.consumer.parts.application.sources["infoparquet.procedures.v1"].handler(
        numbered(new_id()).type
    )
    assert handler is not None
    async with routing.abandoned() as transaction:
        with pytest.raises(Unprocessable) as refusal:
            await handler(transaction, [numbered(new_id())])
    assert refusal.value.code is DeadLetterCode.UNPROCESSABLE


async def test_a_number_of_a_procedure_never_submitted_costs_itself_alone(routing: InProcess) -> None:
    facts = [submitted() for _ in range(7)]
    await routing.read(*facts)
    stray = numbered(new_id())
    batch = [numbered(fact) for fact in facts]
    # Logs that are not configured draw the error with colours and every variable, for seconds.
    with capture_logs():
        said = await routing.read(*batch[:3], stray, *batch[3:])
    assert [event.subject for event in said if event.data.fact == "delivery"] == [fact.subject for fact in facts]
    (letter,) = [event for event in said if event.data.fact == "dead-letter"]
    assert (letter.subject, letter.data.code) == (stray.subject, "unprocessable")
    assert await routing.rows("SELECT procedure_id, code, parks FROM dead_letters") == [
        (stray.subject, "unprocessable", True)
    ]


async def test_the_receipt_of_a_delivery_is_kept_however_often_it_is_read(routing: InProcess) -> None:
    fact = submitted()
    *_, delivery = await routing.read(fact, numbered(fact))
    for _ in range(2):
        assert await routing.read(delivered(delivery, offset=41)) == []
    assert await routing.rows('SELECT id, partition, "offset", placed_at IS NULL FROM deliveries') == [
        (delivery.id, 0, 41, False)
    ]


async def test_a_delivery_is_in_the_trace_of_its_number(routing: InProcess) -> None:
    fact = submitted()
    await routing.read(fact)
    trace = "00-" + "c" * 32 + "-" + "d" * 16 + "-01"
    number = an_event(numbered(fact).data, subject=fact.subject, traceparent=trace)
    (delivery,) = await routing.read(number)
    assert delivery.traceparent == trace


async def test_a_thousand_procedures_take_as_many_statements_as_one(routing: InProcess) -> None:
    async def statements(count: int) -> int:
        facts = [submitted() for _ in range(count)]
        sent: list[str] = []

        def note(_: object, __: object, statement: str, *___: object) -> None:
            sent.append(statement)

        engine = routing.running.engine.sync_engine
        sqlalchemy_event.listen(engine, "before_cursor_execute", note)
        said = await routing.read(*facts, *map(numbered, facts))
        assert await routing.read(*map(delivered, said[count:])) == []
        sqlalchemy_event.remove(engine, "before_cursor_execute", note)
        assert [event.data.fact for event in said] == ["routed"] * count + ["delivery"] * count
        return len(sent)

    assert await statements(500) == await statements(1)


async def test_migrations_make_the_tables_that_the_code_declares(routing: InProcess) -> None:
    assert await routing.drift(store.metadata, idempotency.metadata, followed.metadata) == []
