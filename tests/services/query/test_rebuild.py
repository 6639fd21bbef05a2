"""The view is built anew from the journal while it answers; until the new one is complete the old one does."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload

from chassis.clock import utc_now
from chassis.database import expected_schema
from chassis.decisions import Order
from chassis.identity import Caller
from chassis.replay import Done, replay
from deploy.local.kafka import ApacheKafka
from deploy.local.postgres import Postgres
from services.query.beside import Beside
from services.query.portal import sessions
from services.query.portal.signing_in import Tokens
from services.query.rebuilding import MIGRATIONS, FactsMissing, OtherSchema
from tests.processes import ROOT, environment, until
from tests.services.issuer import Issuer
from tests.services.query.histories import a_submission, said, until_delivery
from tests.services.query.rebuilt import View, a_view

ROAD = ["submitted", "numbered", "routed", "delivered"]
FEED = "SELECT seq, event_id, stamp FROM feed ORDER BY seq"
LEFT = "SELECT count(*) FROM pg_namespace WHERE nspname = 'rebuild'"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def view(kafka_server: ApacheKafka, postgres_server: Postgres, issuer: Issuer) -> AsyncIterator[View]:
    url = await postgres_server.create_database("infoparquet_query_rebuild")
    async with a_view(url, kafka_server.bootstrap, issuer) as one:
        yield one
    await postgres_server.drop_database("infoparquet_query_rebuild")


def roads(count: int) -> list[Event[Payload]]:
    """So many procedures, each delivered."""
    return [
        event
        for one in range(count)
        for event in said(*until_delivery(a_submission(f"R-{one}"), number=f"2026-{one:08d}-00"))
    ]


async def test_whoever_is_signed_in_stays_so(view: View) -> None:
    async with view.running.engine.begin() as connection:
        tokens, now = Tokens("access", "identity"), utc_now()
        session = await sessions.begin(connection, tokens, now, now + timedelta(hours=1))
        await sessions.look(connection, "somebody", now)
    await view.rebuild()
    async with view.running.engine.connect() as connection:
        assert await sessions.find(connection, session.secret, now) == session
        assert await sessions.looked_at(connection, "somebody") == now


async def test_every_answer_is_of_a_whole_view_while_it_is_rebuilt_and_facts_arrive(view: View) -> None:
    await view.publish(*roads(200))
    expected = await view.shown()
    subjects = [str(one) for (one,) in await view.rows("SELECT id FROM procedures WHERE state->>'delivery' <> 'null'")]
    stopped = asyncio.Event()

    async def look() -> int:
        looked = 0
        while not stopped.is_set():
            answer = await view.http.get(f"/v1/procedures/{subjects[looked % len(subjects)]}")
            assert answer.status_code == 200, answer.text
            assert [one["fact"] for one in answer.json()["timeline"]][:4] == ROAD
            looked += 1
        return looked

    looking = [asyncio.create_task(look()) for _ in range(4)]
    try:
        done = await view.rebuild()
        assert await view.shown() == expected
        assert done.facts == sum(len(timeline) for _, timeline, *_ in expected if isinstance(timeline, list))
        await asyncio.gather(view.rebuild(), view.write(*roads(50)))
    finally:
        stopped.set()
        looked = await asyncio.gather(*looking)
    assert min(looked) > 0
    assert view.told[-1].read == view.told[-1].total
    # The live consumer goes on where it stood, in the new tables.
    await view.publish(*roads(1))
    assert await view.rows("SELECT count(*) FROM procedures") == [(done.procedures + 51,)]
    assert await view.rows(LEFT) == [(0,)]


async def test_a_rebuild_mends_what_was_deleted_and_puts_what_was_learnt_late_in_its_place(view: View) -> None:
    submitted, numbered, routed, delivered = facts = said(*until_delivery())
    await view.publish(*facts, *roads(2))
    expected = await view.shown()
    # As if routed had been of a type that was not known when it came, and learnt after the delivery.
    await view.change("UPDATE timeline SET place = DEFAULT WHERE id = :late", late=routed.id)
    await view.change(
        "UPDATE procedures SET state = jsonb_set(state, '{status}', '\"closed\"') WHERE reference = 'R-1'"
    )
    await view.change("UPDATE figures SET numbered_after = NULL")
    # As a release before left it.
    await view.change("DELETE FROM occurrences")
    await view.change("DELETE FROM procedures WHERE reference = 'R-0'")
    await view.change("DELETE FROM timeline WHERE procedure_id NOT IN (SELECT id FROM procedures)")
    assert await view.in_timeline(submitted.subject) == [submitted.id, numbered.id, delivered.id, routed.id]
    await view.rebuild()
    assert await view.shown() == expected


async def fed(view: View, after: str = "") -> tuple[list[dict[str, Any]], str]:
    """The feed from a place on, and its end."""
    found: list[dict[str, Any]] = []
    while True:
        page = (await view.http.get("/v1/facts", params={"after": after, "limit": 1000})).json()
        found, after = found + page["facts"], page["next"]
        if not page["more"]:
            return found, after


async def test_the_feed_goes_on_as_if_nothing_had_been_rebuilt(view: View) -> None:
    await view.publish(*roads(3))
    before = await view.rows(FEED)
    place = (await fed(view))[1]
    await view.rebuild()
    assert await view.rows(FEED) == before
    later = roads(1)
    await view.publish(*later)
    assert [fact["id"] for fact in (await fed(view, place))[0]] == [str(event.id) for event in later]


async def test_what_the_view_had_lost_comes_once_at_the_end_of_the_feed(view: View) -> None:
    first = roads(1)
    await view.publish(*first)
    await view.publish(*roads(1))
    place = (await fed(view))[1]
    kept = await view.rows(FEED)
    # As if that procedure had never been read; it is not the last one, so that the cursor stays good.
    await view.change("DELETE FROM feed WHERE procedure_id = :lost", lost=first[0].subject)
    await view.change("DELETE FROM timeline WHERE procedure_id = :lost", lost=first[0].subject)
    await view.change("DELETE FROM procedures WHERE id = :lost", lost=first[0].subject)
    await asyncio.gather(view.rebuild(), view.write(*roads(5)))
    await view.publish(*roads(1))
    for _ in range(2):
        found, _ = await fed(view, place)
        back = [fact["id"] for fact in found if fact["procedure"] == str(first[0].subject)]
        assert back == [str(event.id) for event in first]
        assert len(found) == len(first) + 6 * len(ROAD)
        assert set(kept) - set(await view.rows(FEED)) == {row for row in kept if row[1] in {one.id for one in first}}
        await view.rebuild()


async def test_what_people_keep_and_how_procedures_are_found_live_through_a_rebuild(view: View) -> None:
    await view.publish(*roads(2))
    body = {"name": "Urgences", "filters": {"urgent": True}}
    assert (await view.http.post("/v1/views", json=body)).status_code == 201
    kept = (await view.http.get("/v1/views")).json()
    found = (await view.http.get("/v1/procedures", params={"q": "bordeaux dreal"})).json()
    await view.rebuild()
    assert (await view.http.get("/v1/views")).json() == kept
    assert (await view.http.get("/v1/procedures", params={"q": "bordeaux dreal"})).json() == found
    assert found["procedures"]
    indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 'procedures' AND indexdef LIKE '%USING gin%'"
    assert await view.rows(indexes) == [(3,)]


async def refused(view: View) -> list[Event[Payload]]:
    """A procedure whose number the database refuses, so that the two facts behind it wait."""
    facts = said(*until_delivery())
    await view.change(f"ALTER TABLE timeline ADD CONSTRAINT refused CHECK (id <> '{facts[1].id}')")
    await view.publish(*facts)
    await view.change("ALTER TABLE timeline DROP CONSTRAINT refused")
    return facts


async def test_what_was_discarded_stays_out_and_what_waits_goes_on_waiting(view: View) -> None:
    first = await refused(view)
    (letter,) = await view.letters()
    await view.decide(letter, "discard", reason="en double")
    second = await refused(view)
    expected = await view.shown()
    await view.rebuild()
    assert await view.shown() == expected
    assert await view.in_timeline(first[0].subject) == [first[0].id, first[2].id, first[3].id]
    assert await view.in_timeline(second[0].subject) == [second[0].id]
    (waiting,) = await view.letters()
    await view.decide(waiting, "replay")
    assert await view.in_timeline(second[0].subject) == [event.id for event in second]


@pytest.mark.parametrize("action", ["replay", "discard"])
async def test_what_an_operator_decides_meanwhile_holds_for_the_new_view(view: View, action: str) -> None:
    facts = await refused(view)
    (letter,) = await view.letters()
    await view.rebuild_and(lambda: view.decide(letter, action, **({"reason": "x"} if action == "discard" else {})))
    kept = facts if action == "replay" else [facts[0], *facts[2:]]
    assert await view.in_timeline(facts[0].subject) == [event.id for event in kept]
    assert await view.rows("SELECT count(*) FROM parked_facts") == [(0,)]


async def test_what_an_operator_decides_in_the_moment_of_the_switch_holds_for_the_new_view(view: View) -> None:
    facts = await refused(view)
    (letter,) = await view.letters()
    order, begun = Order(Caller("somebody", "operator", "", frozenset({"operator"}))), asyncio.Event()

    async def decide() -> None:
        async with view.running.transactions.begin() as transaction:
            assert await replay(view.running.consumer.parts.application, transaction, UUID(letter), order) == Done(2)
            begun.set()
            await until(lambda: waits_for_a_table(view), what="the switch at the old tables")

    async with asyncio.TaskGroup() as deciding:

        async def begin_to_decide() -> None:
            deciding.create_task(decide())
            await begun.wait()

        await view.rebuild_and(begin_to_decide, all_read=True)
    assert await view.in_timeline(facts[0].subject) == [event.id for event in facts]
    assert await view.rows("SELECT count(*) FROM parked_facts") == [(0,)]


async def waits_for_a_table(view: View) -> bool:
    """Whether the rebuild has compared the letters, and is about to drop what a decision has in hand."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
    return await view.rows(f"{waiting} AND locktype = 'relation'") == [(1,)]


async def test_a_view_that_shows_what_the_journal_has_not_is_left_as_it_is(view: View) -> None:
    facts = said(*until_delivery())
    await view.publish(*facts[:2])
    await view.change("UPDATE timeline SET id = :other WHERE id = :one", one=facts[1].id, other=facts[3].id)
    expected = await view.shown()
    with pytest.raises(FactsMissing) as missing:
        await view.rebuild()
    assert (missing.value.count, missing.value.example) == (1, str(facts[3].id))
    assert await view.shown() == expected
    await view.change("UPDATE timeline SET id = :one WHERE id = :other", one=facts[1].id, other=facts[3].id)


async def test_a_schema_that_is_not_this_release_s_is_refused(view: View) -> None:
    await view.change("UPDATE alembic_version SET version_num = '0002'")
    with pytest.raises(OtherSchema):
        await view.rebuild()
    await view.change("UPDATE alembic_version SET version_num = :newest", newest=expected_schema(MIGRATIONS))


async def test_the_command_is_refused_while_another_rebuilds_and_goes_on_where_one_was_killed(
    view: View, tmp_path: Path
) -> None:
    await view.publish(*roads(20))
    expected = await view.shown()
    settings = view.running.settings
    told = environment(settings.kafka_bootstrap, settings.database_url, INFOPARQUET_OIDC_ISSUER=settings.oidc_issuer)

    async def command(*words: str) -> tuple[int, list[str], str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cli.main", "rebuild", "query", "--data", str(tmp_path), *words,
            env={**os.environ, **told}, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        written, complained = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode is not None
        return process.returncode, written.decode().splitlines(), complained.decode()

    # What one that was killed leaves: its tables, and no lock.
    async with view.running.engine.connect() as connection:
        held = await Beside.locked(connection)
        assert held is not None
        await held.begin_anew(settings.database_url)
        code, written, complained = await command("--json")
        assert (code, written) == (1, [])
        assert "déjà en cours" in complained
        await connection.invalidate()
    assert await view.rows(LEFT) == [(1,)]
    code, written, complained = await command("--json")
    assert code == 0, complained
    *progress, last = map(json.loads, written)
    assert last["rebuilt"] is True
    assert set(progress[-1]) == {"read", "total", "per_second", "eta_seconds"}
    assert progress[-1]["read"] == progress[-1]["total"]
    assert (await view.shown(), await view.rows(LEFT)) == (expected, [(0,)])
