"""Chromium with a fake camera, people who each sit at a browser of their own, and axe."""

import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "docs" / "screenshots"
KEPT = ROOT / "build" / "screenshots"
"""Where tests leave the pictures people may want to look at afterwards."""
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

LAPTOP = (1366, 768)
PORTRAIT = (1080, 1920)
LANDSCAPE = (1920, 1080)

# A closed network: the browser calls nobody but the page's own server, and needs no GPU or sandbox.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # A machine with nothing but `lo` would otherwise gather no candidate at all.
    "--allow-loopback-in-peer-connection",
)

REPORT_CSP = """
document.addEventListener('securitypolicyviolation', event =>
  console.error(`CSP: ${event.violatedDirective} refused ${event.blockedURI}`));
"""


class Unkept(AssertionError):
    """A page broke a rule of the house: a console error, a CSP report or an axe violation."""


@dataclass
class Person:
    """Somebody at a browser: cookies, storage and devices of their own.

    ``problems`` collects what the page complained of; a complaint matching one of ``expected``
    (regular expressions) is left out. ``check`` raises `Unkept` when any is left.
    """

    name: str
    context: BrowserContext
    page: Page
    pictures: Path
    expected: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Collect console errors and uncaught exceptions of this page too."""
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._note(f"uncaught {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            where = message.location.get("url", "")
            self._note(f"{message.text} ({where})")

    def _note(self, problem: str) -> None:
        if not any(re.search(pattern, problem) for pattern in self.expected):
            self.problems.append(problem)

    def check(self) -> None:
        """Raise `Unkept` when a page of this person complained of something unexpected."""
        if self.problems:
            raise Unkept(f"{self.name}: " + "\n".join(self.problems))

    async def picture(self, name: str, *, whole: bool = False) -> Path:
        """Take a screenshot; ``whole`` takes the page past the window's lower edge too."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        path = self.pictures / f"{name}.png"
        await self.page.screenshot(path=path, full_page=whole, animations="disabled")
        return path


def executable() -> str | None:
    """Return the system's Chromium, or ``None`` for the one Playwright fetched itself."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    return None


@asynccontextmanager
async def launched(flags: Iterable[str] = ()) -> AsyncIterator[Browser]:
    """Run a Chromium with fake devices for the length of the block."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable(), args=[*FLAGS, *flags]
        )
        try:
            yield browser
        finally:
            await browser.close()


async def sit_down(
    browser: Browser,
    name: str,
    *,
    pictures: Path,
    viewport: tuple[int, int] = LAPTOP,
    expected: tuple[str, ...] = (),
    secure: bool = True,
) -> Person:
    """Open a browser context with camera and microphone allowed, and one page in it.

    ``secure=False`` accepts the self-signed certificate of ``reception demo --https``.
    """
    context = await browser.new_context(
        viewport={"width": viewport[0], "height": viewport[1]},
        permissions=["camera", "microphone"],
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        ignore_https_errors=not secure,
    )
    await context.add_init_script(REPORT_CSP)
    page = await context.new_page()
    person = Person(name, context, page, pictures, expected)
    person.watch(page)
    context.on("page", person.watch)
    return person


def pictures_folder(otherwise: Path) -> Path:
    """Return where screenshots go: into the documents only when ``SCREENSHOTS=1`` is set."""
    return SCREENSHOTS if os.environ.get("SCREENSHOTS") == "1" else otherwise


async def axe(page: Page, *, within: str = "html") -> None:
    """Raise `Unkept` with every accessibility violation axe finds inside a CSS selector."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = await page.evaluate(
        "selector => axe.run(selector, {resultTypes: ['violations']}).then(r => r.violations)",
        within,
    )
    if found:
        raise Unkept(
            "\n".join(
                f"{violation['id']} ({violation['impact']}): {violation['help']}\n"
                + "\n".join(
                    f"    {json.dumps(node['target'])} {node['html'][:160]}"
                    for node in violation["nodes"]
                )
                for violation in found
            )
        )
