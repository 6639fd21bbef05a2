"""What is typed is found again by who typed it and nobody else; two windows and a service that is down lose nothing."""

import pytest
from fastapi import FastAPI

from tests.services.query.portal.filling import FACTS, draft_of, filled, given, press
from tests.services.query.portal.people import AGENT, Portal, down

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
