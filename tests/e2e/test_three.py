"""Three people in a room: a clerk joins, the leader steps aside, nobody is recorded against his will."""

import pytest
from playwright.async_api import expect

from tests.e2e.browser import PORTRAIT, Person, axe
from tests.e2e.conftest import SeatPerson
from tests.e2e.server import DemoServer, demo
from tests.e2e.walk import (
    LONG_MS,
    MEASURE,
    WATCH_PEERS,
    booking_of,
    in_talk,
    log_in,
    seen_and_heard,
    until,
)


async def test_a_clerk_joins_and_an_aside_is_neither_seen_nor_heard_by_the_villager(
    tmp_path_factory: pytest.TempPathFactory, person: SeatPerson
) -> None:
    with demo(tmp_path_factory.mktemp("three") / "data") as server:
        booking = booking_of(server, 0)
        # The server of this test ends before its browsers do.
        gone = (r"WebSocket", r"ERR_CONNECTION_REFUSED")
        villager = await person("villager", viewport=PORTRAIT, expected=gone)
        leader = await person("leader", expected=gone)
        clerk = await person("clerk", expected=gone)
        await in_talk(villager, leader, server, booking, record=False)
        await expect(villager.page.locator("#recording")).to_have_attribute("data-recording", "off")

        await join_as_clerk(clerk, server, booking["session"])
        await seen_and_heard(clerk.page)
        await expect(leader.page.locator('.tile[data-role="clerk"]')).to_be_visible()
        await expect(villager.page.locator('.tile[data-role="clerk"]')).to_be_visible()
        await leader.picture("leader-three")
        await villager.picture("kiosk-three")

        await leader.page.get_by_role("button", name="会商").click()
        await expect(villager.page.locator("#consult-title")).to_be_visible(timeout=LONG_MS)
        await axe(villager.page)
        await villager.picture("kiosk-consult")
        await sees_nothing_more(villager)
        await seen_and_heard(clerk.page)
        await leader.page.locator("#next").click()
        await expect(villager.page.locator("#talk-clock")).to_be_visible(timeout=LONG_MS)
        await seen_and_heard(villager.page)
        await seen_and_heard(leader.page)
        assert list((server.data / "recordings").iterdir()) == []


async def join_as_clerk(clerk: Person, server: DemoServer, session: str) -> None:
    """A clerk opens the room from today's list."""
    await clerk.page.add_init_script(WATCH_PEERS)
    await log_in(clerk, server, "clerk")
    await clerk.page.goto(f"{server.url}/clerk")
    await clerk.page.locator(f'a[href="/room/{session}"]').first.click()


async def sees_nothing_more(villager: Person) -> None:
    """No new picture is decoded for two seconds."""
    seen: list[float] = []

    async def quiet() -> bool:
        seen.append((await villager.page.evaluate(MEASURE))["frames"])
        return len(seen) > 20 and seen[-1] == seen[-20]

    await until(quiet, seconds=20)
