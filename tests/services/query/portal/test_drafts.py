"""What is typed is found again by who typed it and nobody else; two windows and a service that is down lose nothing."""

import html
import re

import pytest
from fastapi import FastAPI

from tests.services.query.portal.filling import FACTS, draft_of, filled, given, press
from tests.services.query.portal.people import AGENT, Page, Portal, down

MANAGER = "DREAL Nouvelle-Aquitaine, direction de Bordeaux (administration:dreal-33), responsable"


async def test_a_draft_outlives_the_session_and_is_deleted_when_its_writer_says_so(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        kept = draft_of(await press(browser, await browser.open("/submit"), "facts", "save", **FACTS))
        await browser.send(await browser.open("/"), "/sign-out")
    async with portal.browser(AGENT) as browser:
        page = await browser.open("/submit")
        assert "Mes brouillons" in page.text
        assert FACTS["reference"] in page.text
        page = await browser.open(f"/submit/{kept}/facts")
        assert given(page, "reference")["value"] == FACTS["reference"]
        assert "Rejet de produits." in page.text
        after = await browser.send(await browser.open("/submit"), f"/submit/{kept}/delete")
        assert "Le brouillon est supprimé." in after.text
        assert (await browser.open(f"/submit/{kept}/facts")).answer.status_code == 404


async def test_a_colleague_finds_nothing_of_it(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        kept = draft_of(await press(browser, await browser.open("/submit"), "facts", "save", **FACTS))
    async with portal.browser(MANAGER) as browser:
        own = await browser.open("/submit")
        assert "Mes brouillons" not in own.text
        assert (await browser.open(f"/submit/{kept}/facts")).answer.status_code == 404
        own.form("/facts")["action"] = f"/submit/{kept}/facts"
        taken = await press(browser, own, "facts", "save", **FACTS)
        assert "Le brouillon est enregistré." not in taken.text
        assert taken.answer.status_code in (404, 412)


async def test_the_second_of_two_windows_is_told_and_may_choose(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        page = await press(browser, await browser.open("/submit"), "facts", "save", **FACTS)
        await press(browser, page, "facts", "save", **FACTS | {"facts/summary": "Première fenêtre."})
        told = await press(browser, page, "facts", "next", **FACTS | {"facts/summary": "Seconde fenêtre."})
        assert told.answer.status_code == 412
        assert "modifié dans une autre fenêtre" in told.text
        assert "Seconde fenêtre." in told.text
        there = await browser.open(f"/submit/{draft_of(page)}/facts")
        assert "Première fenêtre." in there.text
        over = await press(browser, told, "facts", "save", **FACTS | {"facts/summary": "Seconde fenêtre."})
        assert "Le brouillon est enregistré." in over.text
        assert "Seconde fenêtre." in over.text


async def test_the_same_step_sent_twice_is_one(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        page = await browser.open("/submit")
        for _ in range(2):
            after = await press(browser, page, "facts", "next", **FACTS)
            assert "Étape 2 sur 5" in after.text


async def test_what_is_shown_before_sending_is_what_is_sent(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        confirm = await filled(browser)
        other = await browser.open(f"/submit/{draft_of(confirm)}/facts")
        await press(browser, other, "facts", "save", **FACTS | {"facts/summary": "Autre chose."})
        told = await browser.send(confirm, "/send")
        assert told.answer.status_code == 409
        assert "vérifiez-le de nouveau" in told.text
        assert portal.world.journal == []


async def test_a_draft_that_was_sent_elsewhere_leaves_what_was_typed(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        confirm = await filled(browser)
        other = await browser.open(f"/submit/{draft_of(confirm)}/facts")
        await browser.send(confirm, "/send")
        told = await press(browser, other, "facts", "save", **FACTS | {"facts/summary": "Plus tard."})
        assert told.answer.status_code == 409
        assert "transmis ou supprimé" in told.text
        assert "Plus tard." in told.text


async def test_while_intake_is_down_nothing_typed_is_lost(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    async with portal.browser(AGENT) as browser:
        page = await browser.open("/submit")
        app: FastAPI = portal.world.services["intake"].running.app
        monkeypatch.setattr(app, "middleware_stack", down)
        told = await press(browser, page, "facts", "next", **FACTS)
        assert told.answer.status_code == 503
        assert "n’est pas encore enregistré" in told.text
        assert given(told, "reference")["value"] == FACTS["reference"]
        assert "ne répond pas" in (await browser.open("/submit")).text
        monkeypatch.undo()
        assert "Étape 2 sur 5" in (await press(browser, told, "facts", "next", **FACTS)).text


async def test_what_was_typed_when_the_session_had_ended_is_given_back_and_kept_at_one_press(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        page = await browser.open("/submit")
        typed = FACTS | {"facts/summary": "Rejet </textarea><b>de</b> produits."}
        await end_sessions(portal)
        told = await press(browser, page, "facts", "save", **typed)
        assert told.answer.status_code == 401
        shown = fields(told)
        assert shown["Les faits : Exposé des faits"] == typed["facts/summary"]
        assert shown["La procédure : Votre référence"] == FACTS["reference"]
        assert shown["La procédure : Nature"] == "Signalement de l’article 40"
        assert shown["Lieu 1 : Commune"] == FACTS["places/0/commune"]
        assert all("readonly" in given for tag, given in told.elements if tag == "textarea")
        secrets = page.form("/facts")["fields"]
        assert [name for name in ("csrf", "key") if secrets[name] in told.html] == []
        assert ("a", "/sign-in?next=%2Fsubmit") in [(tag, given.get("href")) for tag, given in told.elements]

        await browser.sign_in(AGENT)
        again = await press(browser, page, "facts", "save", **typed)
        assert (again.answer.status_code, "rien n’a été fait" in again.text) == (403, True)
        assert given(again, "reference")["value"] == FACTS["reference"]
        assert typed["facts/summary"] in again.text
        assert "Mes brouillons" not in (await browser.open("/submit")).text
        kept = await press(browser, again, "facts", "save", **typed)
        assert "Le brouillon est enregistré." in kept.text
        assert draft_of(kept) == secrets["key"]
        assert typed["facts/summary"] in kept.text


async def test_a_draft_that_changed_while_its_writer_signed_in_again_is_not_overwritten(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        page = await press(browser, await browser.open("/submit"), "facts", "save", **FACTS)
        await end_sessions(portal)
        await browser.sign_in(AGENT)
        other = await browser.open(f"/submit/{draft_of(page)}/facts")
        await press(browser, other, "facts", "save", **FACTS | {"facts/summary": "Autre fenêtre."})
        mine = FACTS | {"facts/summary": "Avant la fin de la session."}
        again = await press(browser, page, "facts", "save", **mine)
        assert (again.answer.status_code, mine["facts/summary"] in again.text) == (403, True)
        told = await press(browser, again, "facts", "save", **mine)
        assert (told.answer.status_code, "modifié dans une autre fenêtre" in told.text) == (412, True)


@pytest.mark.parametrize("intake_is", ["up", "down"])
async def test_a_step_of_a_draft_that_is_gone_or_cannot_be_read_is_given_back_too(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, intake_is: str
) -> None:
    async with portal.browser(AGENT) as browser:
        page = await press(browser, await browser.open("/submit"), "facts", "save", **FACTS)
        await end_sessions(portal)
        await browser.sign_in(AGENT)
        if intake_is == "up":
            await browser.send(await browser.open("/submit"), f"/submit/{draft_of(page)}/delete")
        else:
            monkeypatch.setattr(portal.world.services["intake"].running.app, "middleware_stack", down)
        again = await press(browser, page, "facts", "save", **FACTS)
        assert (again.answer.status_code, "Rejet de produits." in again.text) == (403, True)
        monkeypatch.undo()
        assert "Le brouillon est enregistré." in (await press(browser, again, "facts", "save", **FACTS)).text


async def test_what_was_not_sent_before_signing_in_again_is_shown_to_be_sent(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        confirm = await filled(browser)
        await end_sessions(portal)
        assert (await browser.send(confirm, "/send")).answer.status_code == 401
        await browser.sign_in(AGENT)
        again = await browser.send(confirm, "/send")
        assert (again.answer.status_code, "Tribunal judiciaire de Bordeaux" in again.text) == (403, True)
        assert portal.world.journal == []
        assert "La procédure est transmise." in (await browser.send(again, "/send")).text


@pytest.mark.parametrize("origin", [None, "https://elsewhere.example", "null"])
async def test_nobody_else_puts_words_on_a_page(portal: Portal, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}
    async with portal.browser(AGENT) as browser:
        page = await browser.open("/submit")
        for status in (403, 401):
            form = page.form("/facts")
            sent = form["fields"] | FACTS | {"csrf": "x"}
            answer = await browser.http.post(form["action"], data=sent, headers=headers)
            assert (answer.status_code, FACTS["facts/summary"] in answer.text) == (status, False)
            await end_sessions(portal)


async def end_sessions(portal: Portal) -> None:
    """As after an hour."""
    async with portal.world.services["query"].running.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM portal_sessions")


def fields(page: Page) -> dict[str, str]:
    """What stands in the text areas of a page, by their labels."""
    labels = {
        target: html.unescape(label) for target, label in re.findall(r'<label[^>]* for="(.*?)">(.*?)<', page.html)
    }
    areas = re.findall(r'<textarea[^>]* id="(.*?)"[^>]*>\n?(.*?)</textarea>', page.html, re.DOTALL)
    return {labels[name]: html.unescape(text) for name, text in areas}
