"""A villager without a booking takes a number at the kiosk, and is called, shown and told aloud.

The pictures are kept in `build/screenshots/`.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from reception.domain.codes import Role
from reception.domain.queue import TicketState
from reception.services import queue
from tests.build import open_day
from tests.e2e.browser import KEPT, LANDSCAPE, LAPTOP, PORTRAIT, axe, sit_down
from tests.e2e.server import free_port
from tests.integration.web.site import PASSWORD, Site, open_site
from tests.integration.web_live.test_kiosk_machine import address, sit

# What the machine says, instead of a voice this machine does not have.
HEAR = """
window.heard = [];
const voice = { lang: 'zh-CN', localService: true, name: 'test' };
speechSynthesis.getVoices = () => [voice];
speechSynthesis.speak = (utterance) => window.heard.push(utterance.text);
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""
SOON_MS = 15_000


@pytest.fixture
async def site(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """The application at an address of its own, as a kiosk needs it."""
    async with open_site(sqlite_database_url, tmp_path, port=free_port()) as opened:
        yield opened


async def test_a_villager_takes_a_number_by_one_touch_and_is_called(
    site: Site, chromium: Chromium
) -> None:
    await open_day(site.db, site.place.leader_id)
    machine = await sit(chromium, site, KEPT, start="/kiosk")
    await machine.context.add_init_script(HEAR)
    page = machine.page
    await page.goto(await address(site))
    await expect(page.locator("#take-number")).to_be_visible(timeout=SOON_MS)
    await axe(page)
    await machine.picture("queue-1-idle")
    await page.locator("#take-number").click()
    await expect(page.locator("#ticket-number")).to_have_text("B001")
    await expect(page.locator("#ticket-wait")).to_have_text("马上就到您")
    assert await page.evaluate("window.heard.some((said) => said.includes('B 0 0 1'))")
    await axe(page)
    await machine.picture("queue-2-first")
    await page.get_by_role("button", name="记住了").click()
    await page.locator("#take-number").click()
    await expect(page.locator("#ticket-number")).to_have_text("B002")
    await expect(page.locator("#ticket-before")).to_have_text("前面有 1 位")
    await expect(page.locator("#ticket-wait")).to_have_text("大约要等 15 到 60 分钟")
    await axe(page)
    await machine.picture("queue-3-second")
    await page.set_viewport_size({"width": LANDSCAPE[0], "height": LANDSCAPE[1]})
    await machine.picture("queue-3-second-lying")
    await page.set_viewport_size({"width": PORTRAIT[0], "height": PORTRAIT[1]})
    await page.get_by_role("button", name="记住了").click()

    desk = await sit_down(chromium, "clerk", pictures=KEPT, viewport=LAPTOP)
    counter = desk.page
    await counter.goto(f"{site.url}/login")
    await counter.fill("#login", await site.account(Role.CLERK))
    await counter.fill("#password", PASSWORD)
    await counter.click("main button")
    await counter.get_by_role("link", name="候访叫号").click()
    await expect(counter.locator(".queue__number")).to_have_text(["B001", "B002"])
    await axe(counter)
    await counter.locator("#next").focus()
    await counter.keyboard.press("Enter")
    await expect(counter.get_by_text("叫过 1 次")).to_be_visible()
    await axe(counter)
    await desk.picture("queue-4-clerk", whole=True)

    await expect(page.locator("#called-now")).to_have_text(
        "请 B001 号到工作人员处", timeout=SOON_MS
    )
    await expect(page.locator("#called-next")).to_contain_text("下一位：B002")
    await page.wait_for_function("window.heard.some((said) => said.includes('请 B 0 0 1 号'))")
    await axe(page)
    await machine.picture("queue-5-called")
    before = await page.evaluate("window.heard.length")
    await counter.get_by_role("button", name="再叫 B001").click()
    await page.wait_for_function("(before) => window.heard.length > before", arg=before)

    await counter.get_by_role("button", name="到了，开始接待 B001").click()
    await expect(counter.get_by_role("link", name="登记并预约 B001")).to_be_visible()
    await expect(page.locator("#called-now")).to_be_hidden(timeout=SOON_MS)
    await counter.get_by_role("button", name="接待完 B001").click()
    await counter.select_option("[id^='reason-']", "came_far")
    await counter.get_by_role("button", name="改 B002").click()
    await expect(counter.locator(".badge").get_by_text("路远或不能再来")).to_be_visible()
    left = await queue.queue(
        site.db, actor=site.place.clerk, site_id=site.place.site_id, now=site.clock.now()
    )
    assert [(one.number, one.state) for one in left.tickets] == [("B002", TicketState.WAITING)]
    machine.check()
    desk.check()


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_without_a_reception_there_is_no_button_to_press_in_vain(
    site: Site, chromium: Chromium, lang: str
) -> None:
    machine = await sit(chromium, site, KEPT, start=await address(site))
    page = machine.page
    await expect(page.locator("#idle-title")).to_be_visible(timeout=SOON_MS)
    await page.goto(f"{site.url}/kiosk?lang={lang}")
    await expect(page.locator("#begin")).to_be_visible(timeout=SOON_MS)
    await expect(page.locator("#take-number")).to_be_hidden()
    await expect(page.locator("#called")).to_be_hidden()
    machine.check()
