"""People at their browsers, as far as HTML goes: they sign in, read pages, fill in forms and send them."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import httpx

from chassis.clock import new_id
from tests.answers.world import World
from tests.processes import until
from tests.services.issuer import Issuer

CLERK = "Tribunal judiciaire de Bordeaux (tribunal:tj33063), greffe"
AGENT = "DREAL Nouvelle-Aquitaine, direction de Bordeaux (administration:dreal-33), agent"
PARIS_CLERK = "Tribunal judiciaire de Paris (tribunal:tj75056), greffe"
OPERATOR = "Exploitation d’infoParquet (operator), exploitant"
DREAL = "administration:dreal-33"
DOSSIER = {
    "reference": "DREAL33-2026-00042",
    "kind": "article-40",
    "places": [{"ground": "facts", "commune": "33063", "text": "quai des Marques"}],
    "natinf": ["22587"],
    "facts": {"from": "2021-03-01", "summary": "Rejet de <b>produits</b> dans la Garonne."},
    "persons": [
        {
            "role": "suspect",
            "kind": "natural",
            "family_name": "Marin",
            "given_name": "Paul",
            "birth_date": "1972-12-24",
        },
        {"role": "victim", "kind": "natural", "family_name": "Sylvain", "birth_date": "1980-05"},
    ],
}


async def down(*_: object) -> None:
    """In the place of an application that does not answer."""
    raise httpx.ConnectError("down")


class Page(HTMLParser):
    """What is on a page: its text, its forms with their fields, what it names."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.answer, self.html = answer, answer.text
        self.text, self.within = "", False
        self.forms: list[dict[str, Any]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(self.html)
        self.text = re.sub(r"\s+", " ", self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag == "form":
            self.within = True
            told = {"action": given["action"], "method": given.get("method"), "enctype": given.get("enctype")}
            self.forms.append({**told, "fields": {}})
        elif tag == "input" and given.get("type") == "hidden" and self.within:
            self.forms[-1]["fields"][given["name"]] = given.get("value")

    def handle_endtag(self, tag: str) -> None:
        self.within = self.within and tag != "form"

    def handle_data(self, data: str) -> None:
        self.text += data

    def form(self, action: str) -> dict[str, Any]:
        """The form that is sent there."""
        (found,) = [form for form in self.forms if form["action"].endswith(action)]
        return found


@dataclass
class Browser:
    """One person's, with its cookies."""

    http: httpx.AsyncClient
    at: str = field(default="/")

    async def open(self, path: str, **parameters: Any) -> Page:
        """The page at an address, and whatever it leads on to."""
        return Page(await self.http.get(path, params=parameters or None, follow_redirects=True))

    async def sign_in(self, who: str, path: str = "/sign-in") -> Page:
        """Choose who to be at the issuer, and come back."""
        asked = await self.http.get(path)
        chosen = await self.http.post(asked.headers["location"], data={"who": who})
        return Page(await self.http.get(chosen.headers["location"], follow_redirects=True))

    async def send(self, page: Page, action: str, /, **typed: Any) -> Page:
        """Fill in that form and send it, as a browser does."""
        return Page(await self.sent(page, action, **typed))

    async def sent(self, page: Page, action: str, /, follow: bool = True, **typed: Any) -> httpx.Response:
        """The same, as it is answered."""
        form = page.form(action)
        fields: dict[str, Any] = {"data": form["fields"] | typed}
        if form["enctype"] is not None:
            fields = {"files": [(name, _part(value)) for name, value in fields["data"].items()]}
        return await self.http.post(form["action"], headers=self.origin, follow_redirects=follow, **fields)

    @property
    def origin(self) -> dict[str, str]:
        """What browsers say of the page that a request comes from."""
        return {"Origin": f"{self.http.base_url}".rstrip("/")}


def _part(value: Any) -> Any:
    """A file is a name and its content."""
    return value if isinstance(value, tuple) else (None, value)


@dataclass
class Portal:
    """The portal, and what stands behind it."""

    url: str
    world: World
    issuer: Issuer

    @asynccontextmanager
    async def browser(self, who: str | None = None) -> AsyncIterator[Browser]:
        """A new one; signed in where it is said as whom."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20) as http:
            browser = Browser(http)
            if who is not None:
                await browser.sign_in(who)
            yield browser

    async def submitted(self, *, delivered: bool = True, **changes: Any) -> UUID:
        """A procedure of the DREAL; by default at its court, Bordeaux, and in the view."""
        body: Mapping[str, Any] = {**DOSSIER, **changes}
        answer = await self.world.post("intake", "/v1/procedures", DREAL, str(new_id()), body)
        assert answer.status_code == 202, answer.text
        one = UUID(answer.json()["id"])
        if delivered:
            await self.reaches(one, "delivered")
        return one

    async def reaches(self, one: UUID, status: str) -> None:
        """Wait until the view shows that status."""

        async def shown() -> bool:
            found = await self.world.services["query"].get(f"/v1/procedures/{one}")
            return bool(found.json().get("status") == status)

        await until(shown, what=status)

    async def facts(self, one: UUID) -> list[str]:
        """What the journal says of a procedure."""
        return [event.data.fact for event in self.world.journal if event.subject == one]
