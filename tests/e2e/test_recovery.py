"""What breaks comes back into the same seat without a click."""

import os
import signal

import psutil
import pytest
from playwright.async_api import expect

from tests.e2e.browser import PORTRAIT, Person
from tests.e2e.conftest import SeatPerson
from tests.e2e.server import DemoServer, demo
from tests.e2e.walk import (
    booking_of,
    in_talk,
    seen_and_heard,
    until,
)

WATCH_SOCKETS = """
window.sockets = [];
const RealSocket = window.WebSocket;
window.WebSocket = class extends RealSocket {
  constructor(...options) { super(...options); window.sockets.push(this); }
};
"""


async def talking(server: DemoServer, person: SeatPerson) -> tuple[Person, Person]:
    """Two people in the middle of a talk."""
    booking = booking_of(server, 0)
    villager = await person("villager", viewport=PORTRAIT, expected=(r"WebSocket", r"ERR_"))
    leader = await person("leader", expected=(r"WebSocket", r"ERR_"))
    await villager.page.add_init_script(WATCH_SOCKETS)
    await in_talk(villager, leader, server, booking, record=True)
    return villager, leader


async def test_a_dropped_websocket_a_killed_web_process_and_a_reload_all_come_back(
    tmp_path_factory: pytest.TempPathFactory, person: SeatPerson
) -> None:
    with demo(tmp_path_factory.mktemp("recovery") / "data") as server:
        villager, leader = await talking(server, person)
        before = await villager.page.evaluate("window.peers.length")

        # The WebSocket drops: media never stops, the seat is taken again.
        opened = await sockets(villager)
        await villager.page.evaluate("window.sockets.at(-1).close()")
        await until(lambda: is_back(villager, opened), seconds=10)
        await seen_and_heard(villager.page)
        assert await villager.page.evaluate("window.peers.length") == before
        await expect(villager.page.locator("#talk-clock")).to_be_visible()

        # The web process dies: the hub carries the talk on, everybody comes back to their seat.
        web = web_of(server)
        opened = await sockets(villager)
        os.kill(web.pid, signal.SIGKILL)
        await until(lambda: is_back(villager, opened), seconds=30)
        await seen_and_heard(villager.page)
        await seen_and_heard(leader.page)
        assert await villager.page.evaluate("window.peers.length") == before
        await expect(villager.page.locator("#recording")).to_have_attribute(
            "data-recording", "on", timeout=15_000
        )

        # The kiosk's page is loaded anew: it goes back to the same talk.
        await villager.page.reload()
        await expect(villager.page.locator("#talk-clock")).to_be_visible(timeout=20_000)
        await seen_and_heard(villager.page)
        await seen_and_heard(leader.page)


async def sockets(person: Person) -> int:
    """How many WebSockets the page has opened."""
    return int(await person.page.evaluate("window.sockets.length"))


async def is_back(person: Person, before: int) -> bool:
    """Whether a newer WebSocket than the first `before` is open."""
    return bool(
        await person.page.evaluate(
            "before => window.sockets.length > before && window.sockets.at(-1).readyState === 1",
            before,
        )
    )


def web_of(server: DemoServer) -> psutil.Process:
    """The web process of a running demo."""
    children = psutil.Process(server.process.pid).children()
    return next(child for child in children if "web" in child.cmdline()[1:4])
