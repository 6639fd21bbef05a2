"""What intake and notify come back to from a backup: nothing is made or sent twice, dossiers can be sent again."""

from tests.answers.mails import Mailroom
from tests.answers.test_any_sequence import BODY, BORDEAUX, DREAL
from tests.answers.world import World


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
