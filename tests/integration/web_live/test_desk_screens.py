"""The leader's list and the room's form in a real browser, before anybody has joined the room."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from reception.domain.codes import Role
from reception.services.booking import BookingView
from tests.e2e.browser import axe, sit_down
from tests.integration.web.site import PASSWORD, Site

# No room answers behind these pages: who is in it is the business of the whole-program tests.
NO_ROOM = r"WebSocket connection to"


@pytest.fixture
async def page(chromium: Chromium, site: Site, tmp_path: Path) -> AsyncIterator[Page]:
    """The leader's browser on the day's list; it leaves before the server closes."""
    person = await sit_down(chromium, "leader", pictures=tmp_path, expected=(NO_ROOM,))
    await person.page.goto(f"{site.url}/login")
    await person.page.locator("#login").fill(await site.account(Role.LEADER))
    await person.page.locator("#password").fill(PASSWORD)
    await person.page.locator("main button").click()
    await person.page.wait_for_url("**/leader")
    yield person.page
    await person.context.close()
    person.check()


async def open_room(page: Page, site: Site, booked: BookingView, tab: str) -> None:
    """Open a booking's room on one of its tabs."""
    await page.goto(f"{site.url}/room/{booked.session_id}")
    await page.get_by_role("tab", name=tab).click()


async def test_the_day_leads_into_the_room_by_one_button(page: Page, booked: BookingView) -> None:
    await page.reload()
    await axe(page)
    await page.get_by_role("link", name="进入接谈").click()
    await page.wait_for_url(f"**/room/{booked.session_id}")
    await expect(page.locator("#microphone-words")).to_have_text("话筒开着")
    await axe(page)
    await page.locator("#microphone").click()
    await expect(page.locator("#microphone-words")).to_have_text("话筒已关")


async def test_the_outcome_form_asks_for_what_its_type_needs(
    page: Page, site: Site, booked: BookingView
) -> None:
    await open_room(page, site, booked, "处理结果")
    await page.get_by_label("当场答复").check()
    await expect(page.locator("#organ-field")).to_be_hidden()
    await page.get_by_label("交办限期").check()
    await page.locator("#save-outcome").click()
    await expect(page.locator("#outcome-missing")).to_have_text(
        "请写答复和承诺。 请选由谁来办。 请选今天以后的日期。"
    )
    await axe(page)


async def test_a_due_date_on_a_rest_day_is_told_with_its_weekday(
    page: Page, site: Site, booked: BookingView
) -> None:
    await open_room(page, site, booked, "处理结果")
    await page.get_by_label("交办限期").check()
    await page.locator('[data-days="7"]').click()
    await expect(page.locator("#due-words")).to_have_text("2026年3月17日 星期二")
    await page.locator("#due").fill("2026-03-14")
    await expect(page.locator("#due-words")).to_have_text(
        "2026年3月14日 星期六，是周末，最好改到工作日"
    )
    await page.locator("#organ-search").fill("水局")
    await expect(page.locator("#organ option")).to_have_text(["水务局"])
    await page.locator("#organ-search").fill("交通")
    await expect(page.locator("#organ option")).to_have_count(0)


async def test_tabs_are_walked_by_arrow_keys(page: Page, site: Site, booked: BookingView) -> None:
    await open_room(page, site, booked, "事项")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#panel-record")).to_be_visible()
    await page.keyboard.press("End")
    await expect(page.locator("#panel-outcome")).to_be_visible()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#panel-case")).to_be_visible()
