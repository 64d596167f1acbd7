"""The hub between real browsers: two Chromium pages with fake cameras see and hear each other."""

import asyncio
import itertools
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web as http
from playwright.async_api import Browser, Page, async_playwright

from signaling.hub.hub import Hub
from signaling.hub.port import Address
from tests.build_media import ListSink
from tests.e2e.hub_page import create_app

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-background-networking",
]
SEATS = 4
# Chromium's payload type for it, which the hub echoes
OPUS = 111


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    sinks: dict[str, ListSink] = {}
    hub = Hub(sink_factory=lambda name: sinks.setdefault(name, ListSink()), clock=_clock)
    await hub.start()
    await hub.open_room("reception", seats=SEATS)
    yield hub
    await hub.close()


@pytest.fixture
async def address(hub: Hub) -> AsyncIterator[str]:
    runner = http.AppRunner(create_app(hub, "reception"))
    await runner.setup()
    site = http.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def test_two_browsers_see_and_hear_each_other(
    hub: Hub, address: str, browser: Browser
) -> None:
    villager, leader = await _open(browser, address), await _open(browser, address)
    await _join(villager, "villager", 1, 1)
    await _join(leader, "leader", 2, 1)
    for page in (villager, leader):
        await _until_seen(page, frames=20)
    stats = await hub.stats("reception")
    assert [person.connected for person in stats.people] == [True, True]
    assert [person.lost for person in stats.people] == [0, 0]


async def test_a_rejoining_browser_is_seen_again_without_anyone_renegotiating(
    hub: Hub, address: str, browser: Browser
) -> None:
    villager, leader = await _open(browser, address), await _open(browser, address)
    await _join(villager, "villager", 1, 1)
    await _join(leader, "leader", 2, 1)
    await _until_seen(leader, frames=10)
    await _join(villager, "villager", 1, 2)
    before = await _seen(leader)
    await _until_seen(leader, frames=before["frames"] + 20)
    await _until_seen(villager, frames=20)
    stats = await hub.stats("reception")
    assert {person.person: person.gen for person in stats.people} == {"villager": 2, "leader": 1}


async def test_lost_sound_is_asked_for_and_sent_again(
    hub: Hub, address: str, browser: Browser
) -> None:
    _lose_sound(hub, every=10)
    villager, leader = await _open(browser, address), await _open(browser, address)
    await _join(villager, "villager", 1, 1)
    await _join(leader, "leader", 2, 1)
    await _until(
        leader, "r => r.kind === 'audio' && r.packets >= 100 && r.nacks >= 3 && r.lost <= 2"
    )
    stats = await hub.stats("reception")
    assert {person.person: person.rtx_out >= 3 for person in stats.people}["leader"]


def _lose_sound(hub: Hub, *, every: int) -> None:
    """Lose every so many-th packet of sound to each person on its first way out."""
    send = hub.port.send
    # One count for both would lose one person's alone: their packets take turns.
    counts: defaultdict[Address, Iterator[int]] = defaultdict(lambda: itertools.count(1))

    def lose(length: int, address: Address) -> bool:
        is_sound = hub.port.outgoing.data[1] & 0x7F == OPUS
        return True if is_sound and next(counts[address]) % every == 0 else send(length, address)

    hub.port.send = lose  # type: ignore[method-assign]  # a hook for tests


def _clock() -> datetime:
    return datetime.fromtimestamp(asyncio.get_running_loop().time() + 1_700_000_000, UTC)


async def _open(browser: Browser, address: str) -> Page:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(address)
    return page


async def _join(page: Page, person: str, seat: int, gen: int) -> None:
    call = "([person, seat, gen, seats]) => join(person, seat, gen, seats)"
    async with asyncio.timeout(20):
        await page.evaluate(call, [person, seat, gen, SEATS])


async def _seen(page: Page) -> dict[str, Any]:
    """Frames decoded and audio packets received on the first view."""
    stats = await page.evaluate("stats()")
    inbound = {row["kind"]: row for row in stats["inbound"] if row["packets"]}
    return {
        "frames": (inbound.get("video") or {}).get("frames") or 0,
        "sound": (inbound.get("audio") or {}).get("packets") or 0,
    }


async def _until_seen(page: Page, *, frames: int) -> None:
    await _until(page, f"r => r.kind === 'video' && r.frames >= {frames}")
    await _until(page, f"r => r.kind === 'audio' && r.packets >= {frames}")


async def _until(page: Page, holds: str) -> None:
    """Wait until the JavaScript predicate holds for one of the page's incoming streams.

    The page polls itself: playwright's own polling takes an async predicate's promise for true.
    """
    async with asyncio.timeout(30):
        await page.evaluate(
            """async holds => {
              const predicate = eval(holds);
              while (!(await stats()).inbound.some(predicate))
                await new Promise(resolve => setTimeout(resolve, 100));
            }""",
            holds,
        )
