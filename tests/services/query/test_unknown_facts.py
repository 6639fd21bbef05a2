"""Facts of a newer release: kept as they came, in nobody's way, and applied by the release that knows them."""

from typing import Any

from infoparquet_contracts.envelope import Event, encode
from infoparquet_contracts.overlap import written

from chassis import unknown_facts
from chassis.learning import learn
from tests.builders import a_submission, an_event
from tests.contracts.builders import numbered, routed
from tests.services.in_process import InProcess

UNKNOWN = "SELECT type, key, value FROM unknown_facts ORDER BY type"
LETTERS = "SELECT code, pointer FROM dead_letters"
TIMELINE = "SELECT split_part(type, '.', 5), data->>'tribunal', newer IS NOT NULL FROM timeline ORDER BY place"
NEWER_FACT = b"fr.justice.infoparquet.procedure.transferred.v1"
NEWER_VERSION = b"fr.justice.infoparquet.procedure.routed.v9"


def of_type(event: Event[Any], event_type: bytes) -> list[tuple[str, bytes]]:
    """The headers that the event would have as one of that type."""
    return [(name, event_type if name == "ce_type" else raw) for name, raw in encode(event).headers]


async def test_a_newer_version_and_a_new_fact_are_kept_and_hold_nothing_back(query: InProcess) -> None:
    submitted = an_event(a_submission())
    about: dict[str, Any] = {"subject": submitted.subject}
    later = query.record(an_event(routed(), **about), headers=of_type(submitted, NEWER_VERSION))
    new = query.record(an_event(routed(), **about), headers=of_type(submitted, NEWER_FACT), value=b'{"to": "tj64445"}')
    after = query.record(an_event(numbered(), **about))
    records = [query.record(submitted), later, new, after]
    await query.read_records(*records)
    await query.read_records(*records)
    assert await query.rows(UNKNOWN) == [
        (NEWER_VERSION.decode(), later.key, later.value),
        (NEWER_FACT.decode(), new.key, new.value),
    ]
    assert await query.rows(LETTERS) == []
    assert [fact for fact, *_ in await query.rows(TIMELINE)] == ["submitted", "numbered"]
    counted = query.running.metrics.registry.get_sample_value
    assert counted("infoparquet_unknown_facts_total", {"type": NEWER_FACT.decode()}) == 1


async def test_what_no_release_would_name_a_fact_and_what_names_no_procedure_are_dead_letters(query: InProcess) -> None:
    submitted = an_event(a_submission())
    stray = query.record(submitted, headers=of_type(submitted, b"fr.example.transferred.v1"))
    nowhere = query.record(submitted, key=b"somebody", headers=of_type(submitted, NEWER_FACT))
    await query.read_records(stray, nowhere)
    assert await query.rows(UNKNOWN) == []
    assert await query.rows(LETTERS) == [("unknown-type", "/headers/ce_type")] * 2


async def test_what_the_release_before_kept_is_applied_once_known(query: InProcess) -> None:
    submitted = an_event(a_submission())
    decided = an_event(routed(), subject=submitted.subject)
    await query.read(submitted)
    await keep(query, decided)
    assert await learn_all(query) == 1
    assert await query.rows(UNKNOWN) == []
    assert await query.rows(TIMELINE) == [("submitted", None, False), ("routed", "tj33063", True)]
    assert await learn_all(query) == 0


async def test_what_was_applied_in_its_older_version_is_not_applied_again_once_the_newer_is_known(
    query: InProcess,
) -> None:
    submitted = an_event(a_submission())
    decided = an_event(routed(), subject=submitted.subject)
    _, old = written(decided)
    # As the release before reads the older version: it cannot know what the newer one is called.
    unaware = [(name, raw) for name, raw in old.headers if name != "ce_newer"]
    await query.read_records(query.record(submitted), query.record(decided, value=old.value, headers=unaware))
    await keep(query, decided)
    before = await query.rows(TIMELINE)
    assert [fact for fact, *_ in before] == ["submitted", "routed"]
    await learn_all(query)
    assert await query.rows(TIMELINE) == before
    assert await query.rows(LETTERS) == []


async def test_what_was_discarded_in_its_older_version_stays_out_once_the_newer_is_known(query: InProcess) -> None:
    submitted = an_event(a_submission())
    decided = an_event(routed(), subject=submitted.subject)
    _, old = written(decided)
    unaware = [(name, raw) for name, raw in old.headers if name != "ce_newer"]
    await query.read_records(query.record(submitted), query.record(decided, value=b"{", headers=unaware))
    await keep(query, decided)
    ((letter,),) = await query.rows("SELECT id FROM dead_letters")
    await query.post(f"/v1/dead-letters/{letter}/discard", {"reason": "sans objet"}, "operator")
    assert await learn_all(query) == 1
    assert await query.rows(TIMELINE) == [("submitted", None, False)]
    assert await query.rows(UNKNOWN) == []


async def test_what_was_kept_is_learnt_before_a_letter_is_replayed(query: InProcess) -> None:
    submitted = an_event(a_submission())
    decided = an_event(routed(), subject=submitted.subject)
    await query.read_records(query.record(submitted), query.record(decided, value=b"{"))
    await keep(query, decided)
    ((letter,),) = await query.rows("SELECT id FROM dead_letters")
    assert (await query.post(f"/v1/dead-letters/{letter}/replay", None, "operator")).status_code == 409
    assert await query.rows(TIMELINE) == [("submitted", None, False), ("routed", "tj33063", True)]


async def test_the_older_of_two_versions_is_passed_over(query: InProcess) -> None:
    submitted = an_event(a_submission())
    decided = an_event(routed(), subject=submitted.subject)
    new, old = (query.record(decided, value=one.value, headers=one.headers) for one in written(decided))
    await query.read_records(query.record(submitted), new, old)
    assert not query.running.consumer.parts.application.concerns(old)
    assert await query.rows(TIMELINE) == [("submitted", None, False), ("routed", "tj33063", True)]


async def test_a_timeline_leaves_to_a_newer_release_what_it_alone_knows(query: InProcess) -> None:
    submitted = an_event(a_submission())
    await query.read(submitted, an_event(numbered(), subject=submitted.subject))
    async with query.running.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE timeline SET type = replace(type, 'numbered', 'transferred') WHERE type LIKE '%numbered%'"
        )
    answer = await query.get(f"/v1/procedures/{submitted.subject}")
    assert [entry["fact"] for entry in answer.json()["timeline"]] == ["submitted"]


async def keep(query: InProcess, event: Event[Any]) -> None:
    """As the release before kept the newest version, which it did not know."""
    newest = written(event)[0]
    record = query.record(event, value=newest.value, headers=newest.headers)
    async with query.running.transactions.begin() as transaction:
        assert await unknown_facts.keep(transaction, record, event.type)
        assert not await unknown_facts.keep(transaction, record, event.type)


async def learn_all(query: InProcess) -> int:
    """As this release does, again and again."""
    parts = query.running.consumer.parts
    return await learn(parts.application, parts.transactions, parts.applied)
