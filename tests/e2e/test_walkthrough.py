"""Whole receptions between two browsers, from the check-in to the case page."""

import os
import signal
from pathlib import Path

import psutil
from playwright.async_api import expect

from tests.e2e.browser import PORTRAIT, Person, axe
from tests.e2e.conftest import SeatPerson
from tests.e2e.server import DemoServer
from tests.e2e.walk import (
    LONG_MS,
    booking_of,
    decide,
    in_talk,
    rate_and_take_receipt,
    read_back_and_sign,
    seen_and_heard,
    until,
)

PROMISE = "水务局十五日内修复东侧水渠并回访。"
RECORD = "东侧水渠三月起断流，二十余户稻田无水，请求修复。"

# Length, dimensions and whether every video of the player can be decoded at its middle.
PLAYED = """
async () => {
  const done = [];
  for (const video of document.querySelectorAll('[data-player] video')) {
    if (video.readyState < 1) await new Promise(r => video.addEventListener('loadedmetadata', r));
    const seeked = new Promise(r => video.addEventListener('seeked', r));
    video.currentTime = video.duration / 2;
    await seeked;
    done.push({seconds: video.duration, width: video.videoWidth, at: video.currentTime});
  }
  return done;
}
"""


async def test_two_people_hold_a_reception_and_its_promise_is_on_the_case(
    demo_server: DemoServer, person: SeatPerson
) -> None:
    booking = booking_of(demo_server, 0)
    villager = await person("villager", viewport=PORTRAIT)
    leader = await person("leader")
    await in_talk(villager, leader, demo_server, booking, record=True)
    await expect(villager.page.locator("#recording")).to_have_attribute("data-recording", "on")
    await villager.picture("kiosk-talk")
    await axe(villager.page)
    await axe(leader.page)
    talked = await seconds_talked(leader)

    await read_back_and_sign(villager, leader, RECORD)
    await decide(villager, leader, PROMISE)
    code = await rate_and_take_receipt(villager)

    page = leader.page
    await page.locator("#over a.button").first.click()
    await expect(page.locator("main")).to_contain_text(PROMISE)
    await leader.picture("case", whole=True)
    await axe(page)
    await page.goto(f"{demo_server.url}/calendar")
    await leader.picture("calendar")
    await plays(leader, booking["session"], at_least=talked, participants=2)
    await shows_its_progress(villager, demo_server, code)


async def test_a_reception_survives_the_death_of_the_hub(
    demo_server: DemoServer, person: SeatPerson
) -> None:
    booking = booking_of(demo_server, 1)
    villager = await person("villager", viewport=PORTRAIT)
    leader = await person("leader")
    await in_talk(villager, leader, demo_server, booking, record=True)

    os.kill(hub_of(demo_server).pid, signal.SIGKILL)

    await seen_and_heard(leader.page, frames=30)
    await seen_and_heard(villager.page, frames=30)
    await expect(villager.page.locator("#talk-clock")).to_be_visible()
    await expect(villager.page.locator("#recording")).to_have_attribute("data-recording", "on")

    talked = await seconds_talked(leader)
    await read_back_and_sign(villager, leader, RECORD)
    await decide(villager, leader, PROMISE)
    await plays(leader, booking["session"], at_least=talked, participants=2)
    await expect(leader.page.locator(".gaps")).to_be_visible()
    await leader.picture("recording-with-gap", whole=True)


def hub_of(server: DemoServer) -> psutil.Process:
    """The hub process of a running demo."""
    children = psutil.Process(server.process.pid).children()
    return next(child for child in children if "hub" in child.cmdline()[1:4])


async def seconds_talked(leader: Person) -> float:
    """What the clock of the talk says."""
    minutes, seconds = (await leader.page.locator("#talk-clock").inner_text()).split(":")
    return 60 * int(minutes) + int(seconds)


async def plays(leader: Person, session: str, *, at_least: float, participants: int) -> None:
    """The recording has every participant, whole, and can be played from the middle."""
    page = leader.page
    folder = f"/sessions/{session}/recordings"

    async def ready() -> bool:
        await page.goto(f"{page.url.split('/', 3)[0]}//{page.url.split('/', 3)[2]}{folder}")
        return await page.locator("[data-player]").count() > 0

    await until(ready, seconds=60)
    files = await page.evaluate(PLAYED)
    assert len(files) == participants
    for file in files:
        assert at_least - 2 <= file["seconds"] <= at_least + LONG_MS / 1000
        assert file["width"] > 0
        assert file["at"] > 0
    lengths = [file["seconds"] for file in files]
    assert max(lengths) - min(lengths) < 1.0
    await leader.picture("recording", whole=True)
    await axe(page)


async def shows_its_progress(villager: Person, server: DemoServer, code: str) -> None:
    """Anybody with the code on the slip sees where the matter stands, without a name."""
    page = await villager.context.new_page()
    await page.goto(f"{server.url}/query")
    await page.locator("#code").fill(code)
    await page.locator("#code").press("Enter")
    await expect(page.locator("main")).to_contain_text(PROMISE)
    await expect(page.locator("main")).not_to_contain_text("吴阿根")
    await axe(page)
    await page.screenshot(path=Path(villager.pictures) / "query.png", full_page=True)
    await page.close()
