"""The form of a new procedure, filled in step by step as agents do."""

from typing import Any
from urllib.parse import urlsplit

from tests.services.query.portal.people import Browser, Page

FACTS = {
    "reference": "DREAL33-2026-7",
    "kind": "article-40",
    "facts/from": "2021-03-01",
    "facts/summary": "Rejet de produits.",
    "places/0/ground": "facts",
    "places/0/commune": "33063 Bordeaux (Gironde)",
}
OFFENCES = {"natinf/0": "22587"}
PERSONS = {"persons/0/role": "suspect", "persons/0/kind": "natural", "persons/0/family_name": "Marin"}
STEPS = {"facts": FACTS, "offences": OFFENCES, "persons": PERSONS, "documents": {}}


def given(page: Page, name: str) -> dict[str, Any]:
    """The field of that name."""
    (found,) = [one for _, one in page.elements if one.get("name") == name]
    return found


def names(page: Page, below: str) -> list[str]:
    """The fields below a name, in their order."""
    found = (one.get("name") or "" for _, one in page.elements)
    return [name for name in found if name.startswith(f"{below}/")]


def draft_of(page: Page) -> str:
    """The id of the draft that a page is about."""
    return urlsplit(str(page.answer.url)).path.split("/")[2]


async def press(browser: Browser, page: Page, step: str, do: str, **typed: str) -> Page:
    """Fill in a step and press one of its buttons."""
    return await browser.send(page, f"/{step}", **typed, do=do)


async def filled(browser: Browser, until: str = "recap", **changes: str) -> Page:
    """A new form up to a step, which is shown; `changes` replace what is typed."""
    page = await browser.open("/submit")
    for step, typed in STEPS.items():
        if step == until:
            break
        mine = {name: changes.get(name, value) for name, value in typed.items()}
        page = await press(browser, page, step, "next", **mine)
        assert page.answer.status_code == 200, page.text
    return page
