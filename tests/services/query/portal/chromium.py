"""A real browser before the portal; what it asks for and complains of is noted."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import ConsoleMessage, Page, async_playwright, expect
from playwright.async_api import Request as Asked

AXE = Path(__file__).with_name("axe") / "axe.min.js"
CHROMIUM = shutil.which("chromium")
# Debian's; a machine without it may do without these tests.
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
# Milliseconds; what never comes is no less missing after a minute.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
# All rules, the good practices among them.
_AUDIT = """async () => (await axe.run()).violations.map(
  (one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).join(" | ").slice(0, 400)}`)"""


@dataclass
class Window:
    """A page of the browser, with the origins it asked and what it complained of."""

    page: Page
    origins: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._asked)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def violations(self) -> list[str]:
        """What axe-core finds on the page as it is."""
        await self.page.evaluate(AXE.read_text())
        found: list[str] = await self.page.evaluate(_AUDIT)
        return found

    async def tab_to(self, name: str) -> None:
        """Go on with the Tab key to the element of that name; fails the test where it is never reached."""
        for _ in range(80):
            await self.page.keyboard.press("Tab")
            focused = await self.page.evaluate(
                "() => { const e = document.activeElement;"
                " return (e.labels?.[0]?.innerText || e.innerText || e.value || '').trim() }"
            )
            if focused.startswith(name):
                return
        message = f"not reached: {name}"
        raise AssertionError(message)

    def _asked(self, request: Asked) -> None:
        if not request.url.startswith("data:"):
            self.origins.add("/".join(request.url.split("/")[:3]))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@asynccontextmanager
async def a_window(**given: Any) -> AsyncIterator[Window]:
    """A fresh one; `given` is as a context of Playwright takes it: viewport, color_scheme, java_script_enabled."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = await browser.new_context(locale="fr-FR", timezone_id="America/New_York", **given)
        context.set_default_timeout(PATIENCE)
        yield Window(await context.new_page())
        await browser.close()
