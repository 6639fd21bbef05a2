"""What services come back to from a backup: nothing is made, decided or sent twice, and what was due goes on."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from infoparquet_contracts.topics import JOURNAL, tribunal_topic

from tests.answers.mails import Mailroom
from tests.answers.test_any_sequence import BODY, BORDEAUX, DREAL, PARIS
from tests.answers.world import World, build_all, open_world
from tests.processes import until
from tests.services.imports import a_library, moved, working
from tests.services.in_process import InProcess
from tests.services.issuer import Issuer

LIBOURNE, LIBOURNE_CODE = "tj33243", "100095"


async def test_a_dossier_that_was_lost_comes_back_when_it_is_sent_again_under_its_key(world: World) -> None:
    intake = world.services["intake"]
    await world.back_up("intake")
    first = await world.post("intake", "/v1/procedures", DREAL, "k1", BODY)
    one = first.json()["id"]
    added = await world.post("intake", f"/v1/procedures/{one}/supplements", DREAL, "k2", {"text": "Photographies."})
    await world.rest()
    dossier = (await intake.get(f"/v1/dossiers/{one}", DREAL)).json()

    await world.restore("intake")
    await world.rest()
    lost = (await intake.get("/v1/lost-dossiers")).json()["dossiers"]
    assert [(each["id"], each["administration"], each["number"]) for each in lost] == [
        (one, "dreal-33", dossier["number"])
    ]
    for reader in (DREAL, f"tribunal:{BORDEAUX}"):
        assert (await intake.get(f"/v1/dossiers/{one}", reader)).status_code == 409
    for _ in range(2):
        again = await world.post("intake", "/v1/procedures", DREAL, "k1", BODY)
        assert (again.status_code, again.json()["id"]) == (202, one)
        more = await world.post("intake", f"/v1/procedures/{one}/supplements", DREAL, "k2", {"text": "Photographies."})
        assert more.json()["id"] == added.json()["id"]
    await world.rest()
    assert (await intake.get(f"/v1/dossiers/{one}", DREAL)).json() == dossier
    assert (await intake.get("/v1/lost-dossiers")).json() == {"dossiers": []}
    kinds = [event.data.fact for event in world.journal]
    assert (kinds.count("submitted"), kinds.count("supplemented")) == (1, 1)
    other = await world.post("intake", "/v1/procedures", DREAL, "k3", BODY)
    assert other.json()["id"] != one


async def test_documents_attached_since_the_backup_are_known_again_with_their_bytes(world: World) -> None:
    intake = world.services["intake"]
    before = await deposited(intake, b"before")
    await world.back_up("intake")
    since = await deposited(intake, b"since")
    body = BODY | {"documents": [since, before]}
    one = (await world.post("intake", "/v1/procedures", DREAL, "k1", body)).json()["id"]
    await world.rest()
    await world.restore("intake")
    await world.rest()
    told: Any = intake.running.settings
    store = urlsplit(told.object_store_url).path
    await asyncio.to_thread(Path(store, "documents", since, "À-lire.txt").write_text, "Left by an operator.")
    for document, content in ((before, b"before"), (since, b"since")):
        for reader in (DREAL, f"tribunal:{BORDEAUX}"):
            answer = await intake.get(f"/v1/documents/{document}", reader)
            assert (answer.status_code, answer.content) == (200, content)
    again = await world.post("intake", "/v1/procedures", DREAL, "k1", body)
    assert (again.status_code, again.json()["id"]) == (202, one)
    dossier = (await intake.get(f"/v1/dossiers/{one}", DREAL)).json()
    assert [each["id"] for each in dossier["attachments"]] == [since, before]


async def deposited(intake: InProcess, content: bytes) -> str:
    answer = await intake.http.post("/v1/documents", content=content, headers=intake.issuer.bearer(DREAL))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_mail_that_the_journal_says_was_sent_is_not_sent_again(world: World, mailroom: Mailroom) -> None:
    await world.back_up("notify")
    await world.post("intake", "/v1/procedures", DREAL, "k1", BODY)
    await world.rest()
    await mailroom.deliver(world.services)
    await world.rest()
    sent = len(mailroom.smtp.received)
    await world.restore("notify")
    await world.rest()
    await mailroom.deliver(world.services)
    await world.rest()
    assert (len(mailroom.smtp.received), sent > 0) == (sent, True)
    facts = [event.id for event in world.journal]
    assert len(set(facts)) == len(facts)


async def test_what_was_said_in_part_when_the_database_was_lost_is_said_to_the_end(world: World) -> None:
    one = (await world.post("intake", "/v1/procedures", DREAL, "k1", BODY)).json()["id"]
    await world.rest()
    await world.back_up("routing")
    declined = {"fact": "declined", "reason": "other-territory", "competent": [PARIS]}
    answer = await world.post("routing", f"/v1/procedures/{one}/replies", f"tribunal:{BORDEAUX}", "k2", declined)
    assert answer.status_code == 202
    await world.relay("routing", most=1)
    assert world.journal[-1].data.fact == "declined"

    # What a court says by HTTP stands in no topic: nobody reads it again, and nothing else brings the next step about.
    await world.restore("routing")
    await world.rest()
    assert [event.data.fact for event in world.journal][-3:] == ["declined", "routed", "delivered"]
    told = {
        court: [one.data.fact for one in world.topics[tribunal_topic(court).name].events] for court in (BORDEAUX, PARIS)
    }
    assert told == {BORDEAUX: ["delivery", "recall"], PARIS: ["delivery"]}


async def test_what_a_court_was_told_of_a_procedure_that_no_log_holds_any_more_stops_nobody(world: World) -> None:
    await world.back_up("routing")
    lost, kept = [(await world.post("intake", "/v1/procedures", DREAL, key, BODY)).json()["id"] for key in ("k1", "k2")]
    await world.rest()
    journal = world.topics[JOURNAL.name]
    journal.records = [one for one in journal.records if one.record.key != lost.encode()]
    await world.restore("routing")
    assert await world.services["routing"].rows("SELECT procedure_id FROM court_messages") == [(UUID(kept),)]


async def test_rules_that_changed_since_the_backup_change_no_decision_that_was_said(
    answers_databases: dict[str, str], issuer: Issuer, mailroom: Mailroom, tmp_path: Path
) -> None:
    library = a_library(tmp_path / "reference")
    built = build_all(answers_databases, issuer, **mailroom.settings, reference_url=library.path.as_uri())
    body = BODY | {"places": [{"ground": "facts", "commune": "33036"}]}
    async with open_world(built, issuer) as world:
        routing = world.services["routing"]
        await world.back_up("routing")
        await world.post("intake", "/v1/procedures", DREAL, "k1", body)
        await world.rest()
        said = [event.id for event in world.journal]
        moved(library, tmp_path / "moved", "33036", LIBOURNE_CODE)

        async def in_force() -> bool:
            return bool((await routing.get("/v1/competence", commune="33036")).json()["tribunal"] == LIBOURNE)

        async with working(routing.running):
            await until(in_force)
        await world.restore("routing")
        await world.rest()
        assert [event.id for event in world.journal] == said
        await world.post("intake", "/v1/procedures", DREAL, "k2", body)
        await world.rest()
        delivered = [event.data.tribunal for event in world.journal if event.data.fact == "delivered"]
        assert delivered == [BORDEAUX, LIBOURNE]
