"""Lists: each sees their own, urgent ones first and unmistakable, page by page."""

import re

import pytest

from tests.services.query.portal.people import CLERK, OPERATOR, PARIS_CLERK, Page, Portal

URGENCY = {"reason": "limitation", "until": "2026-12-20"}


def references(page: Page) -> list[str]:
    return re.findall(r'<a href="/procedures/[^"]+">([^<]+)</a>', page.html)


async def test_each_sees_what_is_theirs(portal: Portal) -> None:
    await portal.submitted(reference="DREAL-1")
    for who, expected in ((CLERK, ["DREAL-1"]), (PARIS_CLERK, []), (OPERATOR, ["DREAL-1"])):
        async with portal.browser(who) as browser:
            assert references(await browser.open("/")) == expected


async def test_urgent_ones_come_first_however_old_and_are_marked_in_words(portal: Portal) -> None:
    await portal.submitted(reference="A-1", urgency=URGENCY)
    await portal.submitted(reference="B-2")
    async with portal.browser(CLERK) as browser:
        page = await browser.open("/")
    assert references(page) == ["A-1", "B-2"]
    assert "Urgent prescription proche, avant le 20/12/2026" in page.text
    assert len(re.findall(r'<tr role="row" class="urgent">', page.html)) == 1


async def test_pages_go_on_from_the_urgent_to_the_others_without_a_gap_or_a_repeat(portal: Portal) -> None:
    for number in range(5):
        await portal.submitted(reference=f"P-{number}", urgency=URGENCY if number % 2 else None)
    found: list[str] = []
    async with portal.browser(CLERK) as browser:
        address = "/?limit=2"
        for _ in range(3):
            page = await browser.open(address)
            found += references(page)
            following = [one["href"] for _, one in page.elements if one.get("rel") == "next"]
            address = following[0] or "" if following else ""
        assert address == ""
    assert found == ["P-3", "P-1", "P-4", "P-2", "P-0"]


async def test_filters_are_kept_in_the_form_and_what_is_wrong_is_said_in_words(portal: Portal) -> None:
    await portal.submitted(reference="A-1")
    await portal.submitted(reference="B-2")
    async with portal.browser(CLERK) as browser:
        page = await browser.open("/", q="b-", status="delivered", urgent="", **{"from": "2026-11-01"})
        assert references(page) == ["B-2"]
        assert ("input", "b-") in [(tag, one.get("value")) for tag, one in page.elements if one.get("id") == "q"]
        for wrong in ({"status": "lost"}, {"cursor": "u.x"}, {"cursor": "x"}, {"limit": "0"}, {"q": "x" * 100}):
            refused = await browser.open("/", **wrong)
            assert (refused.answer.status_code, "Revenir à l’accueil" in refused.text) == (400, True)


async def test_what_people_wrote_is_never_markup(portal: Portal) -> None:
    one = await portal.submitted()
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        listed = await browser.open("/", q='"><script>x')
    assert "Rejet de &lt;b&gt;produits&lt;/b&gt; dans la Garonne." in page.html
    assert "<script>x" not in listed.html


async def test_a_court_finds_in_its_inbox_what_it_has_not_taken_in_hand(portal: Portal) -> None:
    waiting = await portal.submitted(reference="A-1")
    async with portal.browser(CLERK) as browser:
        page = await browser.open("/inbox")
        assert references(page) == ["A-1"]
        assert "1 procédure à prendre en charge, dont 1 nouvelle depuis votre dernier passage" in page.text
        seen = await browser.send(page, "/inbox/seen")
        assert "nouvelle" not in seen.text
        assert f"{waiting}" in seen.html


async def test_what_is_new_is_new_to_each_person_and_after_another_sign_in(portal: Portal) -> None:
    await portal.submitted()
    async with portal.browser(CLERK) as browser:
        await browser.send(await browser.open("/inbox"), "/inbox/seen")
    async with portal.browser(CLERK) as again, portal.browser(CLERK.replace("greffe", "magistrat du parquet")) as other:
        assert "nouvelle" not in (await again.open("/inbox")).text
        assert "dont 1 nouvelle" in (await other.open("/inbox")).text


async def test_only_courts_have_an_inbox(portal: Portal) -> None:
    async with portal.browser(OPERATOR) as browser:
        assert (await browser.open("/inbox")).answer.status_code == 403


async def test_the_chosen_ones_are_taken_in_hand_at_once_and_once(portal: Portal) -> None:
    ones = [await portal.submitted(reference=f"P-{number}") for number in range(3)]
    async with portal.browser(CLERK) as browser:
        page = await browser.open("/inbox")
        values = [one["value"] for _, one in page.elements if one.get("name") == "chosen"]
        chosen = [value for value in values if value and value.split("/")[0] != f"{ones[2]}"]
        after = await browser.send(page, "/inbox/acknowledge", chosen=chosen)
        assert "2 procédures sont prises en charge." in after.text
        assert references(after) == ["P-2"]
        again = await browser.send(page, "/inbox/acknowledge", chosen=chosen)
        assert "2 procédures sont prises en charge." in again.text
    assert [(await portal.facts(one)).count("acknowledged") for one in ones] == [1, 1, 0]


async def test_what_could_not_be_taken_in_hand_is_named_with_the_reason(portal: Portal) -> None:
    good, taken = await portal.submitted(reference="A-1"), await portal.submitted(reference="B-2")
    async with portal.browser(CLERK) as browser:
        page = await browser.open("/inbox")
        chosen = [one["value"] for _, one in page.elements if one.get("name") == "chosen"]
        await portal.world.post("routing", f"/v1/procedures/{taken}/replies", "tribunal:tj33063", "k",
                                {"fact": "declined", "reason": "other-territory"})  # fmt: skip
        after = await browser.send(page, "/inbox/acknowledge", chosen=chosen)
    assert after.answer.status_code == 409
    assert "1 procédure est prise en charge." in after.text
    assert f"{taken}" in after.text
    assert "acknowledged" in await portal.facts(good)


@pytest.mark.parametrize("chosen", ["x", "x/y", "0192f0c1-0000-7000-8000-000000000000"])
async def test_a_choice_that_no_page_offered_is_refused(portal: Portal, chosen: str) -> None:
    await portal.submitted()
    async with portal.browser(CLERK) as browser:
        page = await browser.open("/inbox")
        assert (await browser.send(page, "/inbox/acknowledge", chosen=chosen)).answer.status_code == 400
