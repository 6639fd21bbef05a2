"""The feed of facts: complete, in one order for ever, resumable anywhere, each organisation's own."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.status import State, fold
from sqlalchemy import text

from chassis.clock import new_id
from services.query import feed_store, store
from services.query.timeline import grow
from tests.contracts import builders
from tests.contracts.builders import BORDEAUX, OTHER_DELIVERY, PARIS
from tests.processes import until
from tests.services.in_process import InProcess
from tests.services.query.histories import a_submission, said, until_delivery
from tests.services.query.journals import in_order, journals

OWNER, OTHER = "administration:dreal-33", "administration:dreal-64"
COURT, OTHER_COURT = f"tribunal:{BORDEAUX}", f"tribunal:{PARIS}"
# Delivered to Bordeaux, which declines; then to Paris, which registers it.
ROAD = (
    *until_delivery(),
    builders.declined(),
    builders.routed(PARIS),
    builders.delivered(PARIS, OTHER_DELIVERY),
    builders.registered(PARIS, OTHER_DELIVERY),
)


async def page(query: InProcess, organisation: str = OWNER, **parameters: Any) -> dict[str, Any]:
    answer = await query.get("/v1/facts", organisation, **parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def pages(query: InProcess, limit: int, organisation: str = OWNER, after: str = "") -> list[dict[str, Any]]:
    """From a place on, until nothing more is there."""
    found = [await page(query, organisation, after=after, limit=limit)]
    while found[-1]["more"]:
        found.append(await page(query, organisation, after=found[-1]["next"], limit=limit))
    return found


def ids(found: Sequence[dict[str, Any]]) -> list[str]:
    return [fact["id"] for one in found for fact in one["facts"]]


def told(events: Sequence[Event[Any]]) -> list[str]:
    return [str(event.id) for event in events]


async def test_facts_come_in_the_order_in_which_they_were_read_with_what_they_say(query: InProcess) -> None:
    first, second = said(*until_delivery()), said(a_submission("R-2"))
    await query.read(*first[:2], *second, *first[2:])
    found = await page(query)
    assert ids([found]) == told([*first[:2], *second, *first[2:]])
    numbered = found["facts"][1]
    assert numbered | {"data": {}, "description": ""} == {
        "id": str(first[1].id),
        "fact": "numbered",
        "procedure": str(first[1].subject),
        "number": "2026-00000042-26",
        "reference": "DREAL33-2026-00042",
        "time": "2026-11-23T09:01:00.250000Z",
        "source": first[1].source,
        "data": {},
        "description": "",
        "applied": True,
    }
    assert (numbered["data"]["number"], numbered["description"]) == (
        "2026-00000042-26",
        "Numéro 2026-00000042-26 attribué",
    )
    assert [one["number"] for one in found["facts"][:1]] == [None]


@pytest.mark.parametrize("limit", range(1, 10))
async def test_pages_of_any_length_are_the_feed_and_the_last_says_where_to_go_on(query: InProcess, limit: int) -> None:
    events = said(*ROAD)
    await query.read(*events)
    found = await pages(query, limit)
    assert ids(found) == told(events)
    assert [len(one["facts"]) for one in found[:-1]] == [limit] * (len(found) - 1)
    at_the_end = await page(query, after=found[-1]["next"], limit=limit)
    assert at_the_end == {"facts": [], "next": found[-1]["next"], "more": False}
    (later,) = said(a_submission("R-2"))
    await query.read(later)
    assert ids(await pages(query, limit, after=at_the_end["next"])) == [str(later.id)]


async def test_an_empty_feed_has_a_place_to_go_on_from(query: InProcess) -> None:
    nothing = await page(query)
    assert (nothing["facts"], nothing["more"]) == ([], False)
    events = said(*ROAD)
    await query.read(*events)
    assert ids(await pages(query, 3, after=nothing["next"])) == told(events)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(journals())
async def test_however_the_journal_is_cut_and_repeated_each_fact_comes_once_to_whom_it_concerns(
    query: InProcess, drawn: tuple[list[tuple[int, Payload]], list[int], list[int]]
) -> None:
    written, again, cuts = drawn
    subjects = [new_id() for _ in range(3)]
    journal = in_order([said(data, subject=subjects[which])[0] for which, data in written], again)
    after = {who: (await pages(query, 1000, who))[-1]["next"] for who in ("operator", COURT, OTHER_COURT)}
    followed: dict[str, list[str]] = {who: [] for who in after}
    for start, end in zip([0, *cuts], [*cuts, len(journal)], strict=True):
        await query.read(*journal[start:end])
        for who in after:
            found = await pages(query, 2, who, after=after[who])
            followed[who] += ids(found)
            after[who] = found[-1]["next"]
    expected = modelled(journal)
    assert sorted(followed["operator"]) == sorted(str(one) for one in expected)
    for court, who in ((BORDEAUX, COURT), (PARIS, OTHER_COURT)):
        assert sorted(followed[who]) == sorted(str(one) for one, holder in expected.items() if holder == court)
    for subject in subjects:
        begun = [str(event.id) for event in journal if event.subject == subject]
        heard = [one for one in followed["operator"] if one in begun]
        assert heard == list(dict.fromkeys(one for one in begun if one in heard))


def modelled(journal: Sequence[Event[Payload]]) -> dict[UUID, str | None]:
    """The facts of procedures that were submitted, each with the court that has the procedure, or lets go of it."""
    states: dict[UUID, State | None] = {}
    holders: dict[UUID, str | None] = {}
    subjects: dict[UUID, UUID] = {}
    for event in journal:
        if event.id in holders:
            continue
        before, after = states.get(event.subject), fold(states.get(event.subject), event).state
        states[event.subject], subjects[event.id] = after, event.subject
        held = [state.tribunal for state in (after, before) if state is not None and state.delivery is not None]
        holders[event.id] = next(iter(held), None)
    return {one: holder for one, holder in holders.items() if states[subjects[one]] is not None}


async def test_whoever_commits_later_comes_later_whatever_it_did_before(query: InProcess) -> None:
    late, early = said(a_submission("late")), said(a_submission("early"))
    async with query.running.transactions.begin() as transaction:
        growth = grow({}, (), late)
        await store.add_entries(transaction.connection, growth.entries, growth.told)
        await store.begin_procedures(transaction.connection, growth)
        await query.read(*early)
        between = await page(query)
        await feed_store.append(transaction.connection, growth.told)
    assert ids([between]) == told(early)
    assert ids([await page(query, after=between["next"])]) == told(late)


async def test_nothing_is_read_past_a_transaction_that_has_not_ended(query: InProcess) -> None:
    first, second = said(a_submission("first")), said(a_submission("second"))
    async with query.running.transactions.begin() as transaction:
        await query.apply(transaction, first)
        overtaking = asyncio.create_task(query.read(*second))

        async def waits() -> bool:
            found = await query.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            return bool(found)

        await until(waits)
        assert ids([await page(query)]) == []
    await overtaking
    assert ids([await page(query)]) == told([*first, *second])


async def test_what_is_rolled_back_leaves_nothing(query: InProcess) -> None:
    async with query.abandoned() as transaction:
        await query.apply(transaction, said(*ROAD))
    events = said(a_submission())
    await query.read(*events)
    assert ids([await page(query)]) == told(events)


async def test_each_kind_of_organisation_is_told_what_concerns_it(query: InProcess) -> None:
    events = said(*ROAD)
    await query.read(*events)
    expected = {OWNER: events, OTHER: [], COURT: events[3:5], OTHER_COURT: events[6:], "operator": events}
    expected |= {"service:notify": events, "tribunal:tj64445": []}
    assert {who: ids([await page(query, who)]) for who in expected} == {
        who: told(facts) for who, facts in expected.items()
    }
    headers = query.issuer.bearer(COURT, ["agent"])
    assert (await query.http.get("/v1/facts", headers=headers)).status_code == 403


async def test_a_cursor_of_another_organisation_shows_nothing_of_it(query: InProcess) -> None:
    await query.read(*said(*ROAD))
    theirs = (await page(query, OWNER, limit=1))["next"]
    assert ids([await page(query, OTHER, after=theirs)]) == []


@pytest.mark.parametrize("cursor", ["x", "AAAA", "é" * 22, "/" * 22, "A" * 65, "_" * 22, " ", "AAAAAAAAAAAAAAAAAAAAAB"])
async def test_what_is_no_cursor_is_refused_by_name(query: InProcess, cursor: str) -> None:
    answer = await query.get("/v1/facts", OWNER, after=cursor)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/after")


@pytest.mark.parametrize("kept", [0, 1])
@pytest.mark.parametrize("grows", [False, True])
async def test_a_place_that_a_restored_database_does_not_have_is_said_to_be_gone(
    query: InProcess, kept: int, grows: bool
) -> None:
    await query.read(*said(*ROAD))
    cursor = (await page(query))["next"]
    last = (await query.rows("SELECT last FROM feed_end"))[0][0]
    async with query.running.engine.begin() as connection:
        lost = "DELETE FROM feed WHERE seq NOT IN (SELECT seq FROM feed ORDER BY seq LIMIT :kept)"
        await connection.execute(text(lost), {"kept": kept})
        await connection.execute(text("UPDATE feed_end SET last = :last"), {"last": last - 1})
    if grows:
        # Another fact has that number by now.
        await query.read(*said(*ROAD))
    answer = await query.get("/v1/facts", OWNER, after=cursor)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (410, "cursor-gone")
    assert "depuis le début" in answer.json()["detail"]


async def test_what_was_forgotten_and_is_read_again_adds_nothing(query: InProcess) -> None:
    events = said(*ROAD)
    await query.read(*events)
    before = await page(query)
    async with query.running.transactions.begin() as transaction:
        await store.forget(transaction, {events[0].subject})
    assert await page(query) == before
    await query.read(*events)
    assert await page(query) == before


async def test_what_the_release_before_added_comes_before_what_is_added_next(query: InProcess) -> None:
    old, new = said(*ROAD), said(a_submission("R-2"))
    await query.read(*old)
    expected = (await page(query))["facts"]
    courts = [(await page(query, who))["facts"] for who in (COURT, OTHER_COURT)]
    async with query.running.engine.begin() as connection:
        # As a process of that release leaves it.
        await connection.execute(text("DELETE FROM feed"))
        await connection.execute(text("UPDATE timeline SET fed = DEFAULT"))
    await query.read(*new)
    found = (await page(query))["facts"]
    assert found[:-1] == expected
    assert found[-1]["id"] == str(new[0].id)
    assert [(await page(query, who))["facts"] for who in (COURT, OTHER_COURT)] == courts
    assert await query.rows("SELECT count(*) FROM timeline WHERE NOT fed") == [(0,)]


async def test_facts_from_before_the_submission_come_when_it_is_known(query: InProcess) -> None:
    early, submitted, late = said(builders.numbered(), a_submission(), builders.numbered("2026-00000042-26"))
    await query.read(early)
    assert ids([await page(query, "operator")]) == []
    await query.read(submitted, late)
    assert ids([await page(query)]) == told([early, submitted, late])
    assert [fact["applied"] for fact in (await page(query))["facts"]] == [False, True, True]
