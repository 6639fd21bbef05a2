"""The pictures that docs/ shows: real screens of a demonstration, drawn by Chromium.

`python -m tests.docs.pictures` writes docs/pictures/*.png.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.async_api import Page

from tests.processes import ROOT, free_port_base, until
from tests.services.query.portal.chromium import a_window
from tests.services.query.portal.people import AGENT, CLERK, OPERATOR

FOLDER: Final = ROOT / "docs" / "pictures"
WIDTH: Final = 1080
# What is below is seen by whoever opens the page.
TALLEST: Final = 1000


# What waits at Bordeaux when its clerk comes: the demonstration's courts have answered all of its own.
WAITING: Final[list[dict[str, Any]]] = [
    {
        "reference": "DREAL33-2026-00107",
        "kind": "article-40",
        "urgency": {"reason": "limitation", "until": "2026-12-20", "comment": "prescription le 20 décembre"},
        "facts": {"from": "2020-12-20", "summary": "Remblai d’une zone humide sur deux hectares."},
        "places": [{"ground": "facts", "commune": "33063", "text": "rue des Étrangers"}],
        "natinf": ["22587"],
    },
    {
        "reference": "DREAL33-2026-00108",
        "kind": "official-record",
        "facts": {
            "from": "2026-10-02",
            "to": "2026-10-09",
            "summary": "Dépôt de déchets de chantier en bord de Jalle.",
        },
        "places": [{"ground": "facts", "commune": "33056", "text": "chemin de la Jalle"}],
        "nataff": ["J5"],
    },
    {
        "reference": "DREAL33-2026-00111",
        "kind": "report",
        "facts": {"from": "2026-11-03", "summary": "Exploitation d’une installation de stockage sans déclaration."},
        "places": [{"ground": "facts", "commune": "33249"}],
        "natinf": ["21919"],
    },
]


# A procedure of the demonstration's, and what an agent types who reports the same facts again.
FOLLOWED: Final = "DREAL33-2026-00042"
FACTS: Final = {
    "reference": "DREAL33-2026-00112",
    "kind": "article-40",
    "facts/from": "2026-05-04",
    "facts/to": "2026-05-29",
    "facts/summary": "Rejet d’hydrocarbures dans la Garonne par un exutoire non déclaré.",
    "places/0/ground": "facts",
    "places/0/commune": "33063 Bordeaux (Gironde)",
}
CHOICES: Final = ("kind", "places/0/ground")
OFFENCES: Final = {"natinf/0": "21919"}
MANAGER: Final = AGENT.replace(", agent", ", responsable")


@dataclass(frozen=True)
class Screens:
    """One person's, signed in."""

    page: Page

    async def sign_in(self, portal: str, who: str) -> None:
        """As people do on a demonstration."""
        await self.page.goto(f"{portal}sign-in")
        await self.page.get_by_label("Votre organisation").fill(who)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url(portal)

    async def draw(self, name: str) -> None:
        """The page from its top, as far as a picture of a page of text goes."""
        await self.page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
        height = min(TALLEST, await self.page.evaluate("document.documentElement.scrollHeight"))
        size = {"x": 0, "y": 0, "width": WIDTH, "height": height}
        await self.page.screenshot(path=FOLDER / f"{name}.png", full_page=True, clip=size)  # type: ignore[arg-type]
        print(f"docs/pictures/{name}.png", flush=True)


async def agent(portal: str, screens: Screens) -> None:
    """Their procedures, a new one from the form to its last step, what became of one."""
    page = screens.page
    await screens.draw("agent-list")
    await page.get_by_role("link", name=FOLLOWED).click()
    await screens.draw("agent-procedure")
    await page.goto(f"{portal}submit")
    for name, words in FACTS.items():
        field = page.locator(f'[name="{name}"]')
        await (field.select_option(words) if name in CHOICES else field.fill(words))
    await screens.draw("agent-form")
    for fields in (OFFENCES, {}, {}):
        await page.get_by_role("button", name="Continuer").click()
        for name, words in fields.items():
            await page.locator(f'[name="{name}"]').fill(words)
    await page.get_by_role("button", name="Continuer").click()
    await page.get_by_role("heading", name="Tribunal compétent").wait_for()
    await screens.draw("agent-recap")


async def manager(portal: str, screens: Screens) -> None:
    """Their service's figures."""
    await screens.page.goto(f"{portal}figures")
    await screens.draw("manager-figures")


async def clerk(portal: str, screens: Screens) -> None:
    """The inbox, a procedure and its answers."""
    page = screens.page
    await page.goto(f"{portal}inbox")
    await screens.draw("court-inbox")
    await page.locator("tbody a").first.click()
    await screens.draw("court-procedure")


async def operator(portal: str, screens: Screens) -> None:
    """What waits for somebody's hand."""
    for path, name in (("", "overview"), ("/unroutable", "unroutable"), ("/positions", "positions")):
        await screens.page.goto(f"{portal}operations{path}")
        await screens.draw(f"operator-{name}")


ROLES: Final[dict[str, Callable[[str, Screens], Awaitable[None]]]] = {
    AGENT: agent,
    MANAGER: manager,
    CLERK: clerk,
    OPERATOR: operator,
}


@asynccontextmanager
async def demonstration() -> AsyncIterator[dict[str, Any]]:
    """The run file of one in which every sample has arrived."""
    words = (sys.executable, "-m", "cli.main", "demo", "--port-base", str(free_port_base()))
    process = await asyncio.create_subprocess_exec(*words, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            if found := re.search(r"--data (/.*\S)", line.decode()):
                yield json.loads((Path(found[1]) / "run.json").read_text())
                return
        raise SystemExit("The demonstration ended before it was ready.")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def submit_more(running: dict[str, Any]) -> None:
    """Until the court has what waits for it."""
    services, token = running["services"], running["tokens"]["administration:dreal-33"]
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        for one in WAITING:
            headers = {"Idempotency-Key": one["reference"]}
            answer = await client.post(f"{services['intake']['url']}/v1/procedures", json=one, headers=headers)
            status_url = f"{services['query']['url']}{answer.raise_for_status().json()['status_url']}"
            await until(partial(_delivered, client, status_url), seconds=60, what=one["reference"])


async def _delivered(client: httpx.AsyncClient, status_url: str) -> bool:
    return bool((await client.get(status_url)).json().get("status") == "delivered")


async def draw_all() -> None:
    """Every picture, anew."""
    FOLDER.mkdir(exist_ok=True)
    async with demonstration() as running:
        await submit_more(running)
        portal = running["portal"]
        for who, drawn in ROLES.items():
            async with a_window(viewport={"width": WIDTH, "height": 800}) as window:
                screens = Screens(window.page)
                await screens.sign_in(portal, who)
                await drawn(portal, screens)


if __name__ == "__main__":
    asyncio.run(draw_all())
