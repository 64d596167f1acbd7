"""The steps of a whole reception, as the villager at the kiosk and the leader at the desk take them."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Page, expect

from tests.e2e.browser import Person
from tests.e2e.server import DemoServer

LONG_MS = 30_000

# What a page's remote media does: frames decoded and sound heard, over all its peer connections.
WATCH_PEERS = """
window.peers = [];
const Real = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...options) { super(...options); window.peers.push(this); }
};
"""
MEASURE = """
async () => {
  const sum = {frames: 0, energy: 0, live: 0};
  for (const peer of window.peers) {
    if (peer.connectionState !== 'connected') continue;
    sum.live += 1;
    for (const entry of (await peer.getStats()).values()) {
      if (entry.type !== 'inbound-rtp') continue;
      sum.frames += entry.framesDecoded || 0;
      sum.energy += entry.totalAudioEnergy || 0;
    }
  }
  return sum;
}
"""


async def log_in(person: Person, server: DemoServer, login: str) -> None:
    """Log in as one of the demo's people."""
    known = next(one for one in server.demo["people"] if one["login"] == login)
    await person.page.goto(f"{server.url}/login")
    await person.page.locator("input[name=login]").fill(known["login"])
    await person.page.locator("input[name=password]").fill(known["password"])
    await person.page.locator("input[name=password]").press("Enter")
    await person.page.wait_for_url(lambda url: not url.endswith("/login"))


def booking_of(server: DemoServer, index: int) -> dict[str, Any]:
    """One of the demo's bookings for now."""
    booking: dict[str, Any] = server.demo["bookings"][index]
    return booking


def enrolment(server: DemoServer, site: str) -> str:
    """The address that makes a browser into the kiosk of a site, with a code of its own."""
    kiosk = next(one for one in server.demo["kiosks"] if one["site"] == site)
    command = [sys.executable, "-m", "reception", "kiosk", "code", "--kiosk", kiosk["id"]]
    said = subprocess.run(
        [*command, "--data", str(server.data)], capture_output=True, text=True, check=True
    ).stdout
    code = next(line.split()[1] for line in said.splitlines() if line.startswith("code"))
    return f"{server.url}/kiosk/enrol#code={code}"


async def check_in(villager: Person, server: DemoServer, booking: dict[str, Any]) -> None:
    """From a browser nobody knows to the lobby."""
    address = await asyncio.to_thread(enrolment, server, booking["site"])
    page = villager.page
    await page.add_init_script(WATCH_PEERS)
    await page.goto(address)
    await expect(page.locator("#idle-title")).to_be_visible(timeout=LONG_MS)
    await villager.picture("kiosk-idle")
    await page.locator("#begin").click()
    for digit in booking["code"]:
        await page.locator(f'#pad [data-digit="{digit}"]').click()
        if digit is booking["code"][3]:
            await villager.picture("kiosk-checkin")
    await page.locator("#is-me").click()
    await expect(page.locator("#devices-title")).to_be_visible()
    await expect(page.locator("#preview")).to_have_js_property("readyState", 4, timeout=LONG_MS)
    await villager.picture("kiosk-devices")
    await page.locator("#heard").click()
    await expect(page.locator("#lobby-title")).to_be_visible(timeout=LONG_MS)
    await villager.picture("kiosk-lobby")


async def enter_room(leader: Person, server: DemoServer, booking: dict[str, Any]) -> None:
    """From the leader's list of today into the room."""
    page = leader.page
    await page.add_init_script(WATCH_PEERS)
    await page.goto(f"{server.url}/leader")
    await expect(page.locator("h1")).to_be_visible()
    await leader.picture("leader-today")
    await page.locator(f'a[href="/room/{booking["session"]}"]').first.click()
    await expect(page.locator("#next")).to_be_visible(timeout=LONG_MS)


async def begin(villager: Person, leader: Person, *, record: bool) -> None:
    """Rights, consent, and the talk has begun."""
    await leader.page.locator("#next").click()
    await expect(villager.page.locator("#rights-title")).to_be_visible(timeout=LONG_MS)
    await villager.picture("kiosk-rights")
    await villager.page.locator("#understood").click()
    await villager.picture("kiosk-consent")
    await villager.page.locator("#consent-yes" if record else "#consent-no").click()
    await villager.page.locator("#confirm").click()
    await expect(villager.page.locator("#talk-clock")).to_be_visible(timeout=LONG_MS)


async def in_talk(
    villager: Person, leader: Person, server: DemoServer, booking: dict[str, Any], *, record: bool
) -> None:
    """From two blank browsers into the middle of a talk, each seeing and hearing the other."""
    await log_in(leader, server, "leader")
    await check_in(villager, server, booking)
    await enter_room(leader, server, booking)
    await begin(villager, leader, record=record)
    await seen_and_heard(leader.page, frames=60)
    await seen_and_heard(villager.page, frames=60)


async def seen_and_heard(page: Page, *, frames: int = 15) -> None:
    """Wait until pictures go on being decoded and sound has energy, measured from now."""
    before = await page.evaluate(MEASURE)

    async def more() -> bool:
        now = await page.evaluate(MEASURE)
        fresh = now["frames"] < before["frames"]  # a new connection counts from zero
        gained = now["frames"] - (0 if fresh else before["frames"])
        louder = now["energy"] - (0 if fresh else before["energy"])
        return bool(now["live"] and gained >= frames and louder > 0)

    await until(more, seconds=30)


async def until(holds: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
    """Ask again and again until the answer is yes."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - the browser has no event to wait for
            await asyncio.sleep(0.1)


async def read_back_and_sign(villager: Person, leader: Person, record: str) -> None:
    """The record is written, read back and signed by finger."""
    page = leader.page
    await page.locator("#tab-record").click()
    await page.locator("#record").fill(record)
    await leader.picture("leader-room")
    await page.locator("#next").click()
    await expect(villager.page.locator("#readback-title")).to_be_visible(timeout=LONG_MS)
    await expect(villager.page.locator("#record-text")).to_contain_text(record)
    await villager.picture("kiosk-readback")
    await villager.page.locator("#open-pad").click()
    await write_name(villager.page)
    await villager.picture("kiosk-sign")
    await villager.page.locator("#sign").click()
    await expect(villager.page.locator("#await-title")).to_be_visible(timeout=LONG_MS)


async def write_name(page: Page) -> None:
    """Draw something like a name on the signature pad."""
    box = await page.locator("#sheet").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.5)
    await page.mouse.down()
    for step in range(1, 13):
        await page.mouse.move(
            box["x"] + box["width"] * (0.2 + 0.05 * step),
            box["y"] + box["height"] * (0.5 + 0.15 * (-1) ** step),
        )
    await page.mouse.up()


async def decide(villager: Person, leader: Person, text: str) -> None:
    """The leader saves the outcome with owner and due date, and closes."""
    page = leader.page
    await page.locator("#tab-outcome").click()
    await page.locator("input[name=type][value=assigned]").check(force=True)
    await page.locator("#outcome-text").fill(text)
    await page.locator("#organ").select_option(label="浦江县水务局（演示）")
    await page.locator('[data-days="15"]').click()
    await leader.picture("leader-outcome")
    await page.locator("#save-outcome").click()
    await expect(villager.page.locator("#outcome-text")).to_contain_text(text, timeout=LONG_MS)
    await villager.picture("kiosk-outcome")
    await page.locator("#next").click()
    await expect(page.locator("#over")).to_be_visible(timeout=LONG_MS)
    await leader.picture("leader-over")


async def rate_and_take_receipt(villager: Person) -> str:
    """Three faces, the slip, back to idle; returns the query code."""
    page = villager.page
    await page.locator("#outcome-next").click()
    for target in ("session", "petition_office"):
        await page.locator(f'.rating[data-target="{target}"] [data-level="0"]').click()
    await villager.picture("kiosk-rating")
    await page.locator("#send-rating").click()
    await expect(page.locator("#slip")).to_be_visible(timeout=LONG_MS)
    await villager.picture("receipt")
    code = (await page.locator("#slip-code").inner_text()).strip()
    async with page.expect_navigation():  # the next turn begins on a page loaded anew
        await page.locator("#finish").click()
    await expect(page.locator("#idle-title")).to_be_visible(timeout=LONG_MS)
    return code
