"""From the press of the button to the other's first picture, and how old the pictures are then.

A leader whose villager is in the room already presses the button on the list of today, again and
again: page, devices, signaling, connection and first picture are all in the time. Ours is the whole
`reception demo`, with recording on. The peer is a page through stock aiortc's MediaRelay, without log-in,
signaling or recording (`bench.relay_server`). Both in one Chromium, over loopback.
"""

import tempfile
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import quantiles
from typing import Final

from playwright.async_api import Browser

from bench.eyes import CLOCK_CAMERA, WATCHING, ages_ms, first_picture_ms, scripts_ran_ms
from bench.results import Figure
from bench.scale import scaled
from bench.serving import ROOT, served
from tests.e2e.browser import LAPTOP, PORTRAIT, Person, launched, sit_down
from tests.e2e.server import DemoServer, demo, free_port
from tests.e2e.walk import begin, booking_of, check_in, enter_room, log_in

JOINS: Final = scaled(24, 2)
PICTURES: Final = scaled(60, 5)
JOIN_GOALS_MS: Final = {50: 500.0, 95: 1000.0}
AGE_GOAL_MS: Final = 100.0


@dataclass
class Seen:
    """Times of all joins, of their pages alone, and ages of all pictures, in milliseconds."""

    joins: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)

    async def join(self, leader: Person, door: str, link: str) -> None:
        """Go to the page with the button, press it, and watch for two seconds."""
        page = leader.page
        await page.goto(door)
        await page.locator(link).first.click()
        self.joins.append(await first_picture_ms(page))
        self.pages.append(await scripts_ran_ms(page))
        self.ages += await ages_ms(page, PICTURES)


async def sit(browser: Browser, name: str, script: str, folder: Path) -> Person:
    """A person at a browser window whose every page runs `script` first."""
    viewport = PORTRAIT if name == "villager" else LAPTOP
    person = await sit_down(browser, name, pictures=folder, viewport=viewport)
    await person.context.add_init_script(script)
    return person


async def through_ours(browser: Browser, server: DemoServer, folder: Path) -> Seen:
    """Join a reception that is being recorded."""
    booking = booking_of(server, 0)
    link = f'a[href="/room/{booking["session"]}"]'
    villager = await sit(browser, "villager", CLOCK_CAMERA, folder)
    leader = await sit(browser, "leader", WATCHING, folder)
    await log_in(leader, server, "leader")
    await check_in(villager, server, booking)
    await enter_room(leader, server, booking)
    await begin(villager, leader, record=True)
    seen = Seen()
    for _ in range(JOINS):
        await seen.join(leader, f"{server.url}/leader", link)
    for person in (villager, leader):
        await person.context.close()
    return seen


async def through_relay(browser: Browser, url: str, folder: Path) -> Seen:
    """Join somebody behind the relay."""
    villager = await sit(browser, "villager", CLOCK_CAMERA, folder)
    await villager.page.goto(f"{url}/room")
    await villager.page.wait_for_function("() => window.answered")
    leader = await sit(browser, "leader", WATCHING, folder)
    seen = Seen()
    for _ in range(JOINS):
        await seen.join(leader, url, "a")
    for person in (villager, leader):
        await person.context.close()
    return seen


async def measure(folder: Path) -> tuple[Seen, Seen]:
    """Ours, then the peer, in one browser."""
    async with launched() as browser:
        with demo(folder / "data") as server:
            ours = await through_ours(browser, server, folder)
        port = free_port()
        async with served(["bench.relay_server", str(port)], port, folder):
            relay = await through_relay(browser, f"http://127.0.0.1:{port}", folder)
    return ours, relay


def row(
    figure: str, percent: int, ours: list[float], theirs: list[float], goal: float | None
) -> Figure:
    """A percentile of all that was seen, with the extremes."""
    return Figure(
        figure=f"{figure} p{percent}",
        unit="ms",
        ours=percentile(ours, percent),
        runs=len(ours),
        low=min(ours),
        high=max(ours),
        goal=goal,
        peer=percentile(theirs, percent),
        peer_name=f"aiortc {version('aiortc')} MediaRelay",
    )


def percentile(values: list[float], percent: int) -> float:
    """A percentile that is never outside of what was seen."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


async def main() -> list[Figure]:
    """Measure ours and the peer in the same browser."""
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        ours, relay = await measure(Path(folder))
    press, age = "press to the other's first picture", "camera to remote picture"
    return [
        *(row(press, p, ours.joins, relay.joins, goal) for p, goal in JOIN_GOALS_MS.items()),
        row("part of it: until the page's scripts ran", 50, ours.pages, relay.pages, None),
        *(row(age, p, ours.ages, relay.ages, AGE_GOAL_MS) for p in (50, 95)),
    ]
