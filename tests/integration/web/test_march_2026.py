"""March 2026 as a clerk lives it: the 15th is a Sunday, five people come, the leader does not.

The pictures of each step are kept in `build/screenshots/`.
"""

from datetime import UTC, date, datetime

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from reception.domain.bookings import BookingState
from reception.domain.codes import Role
from reception.domain.reception_days import DayState
from reception.services import booking, calendar, day_changes
from tests.build import CLERK
from tests.e2e.browser import KEPT, Person, axe
from tests.integration.web.site import PASSWORD, Site
from tests.integration.web.test_in_chromium import at_desk, is_within_the_window

MONDAY = date(2026, 3, 16)
PEOPLE = ("吴阿根", "陈桂花", "周大山", "郑水莲", "钱有田")
MOST_CLICKS = 10

COUNT_CLICKS = """
addEventListener('click', () => {
  sessionStorage.setItem('clicks', String(Number(sessionStorage.getItem('clicks')) + 1));
}, true);
"""


async def log_in_again(site: Site, page: Page) -> None:
    """A log-in does not last for days."""
    await page.goto(f"{site.url}/login")
    await page.fill("#login", Role.CLERK.value)
    await page.fill("#password", PASSWORD)
    await page.click("main button")
    await expect(page.locator("form[action='/logout']")).to_be_visible()


async def plan(site: Site, clerk: Person) -> None:
    """A rule, its day in March, a stand-in, and the day is public."""
    page = clerk.page
    await page.goto(f"{site.url}/planning/{site.place.leader_id}")
    await page.get_by_text("增加规则").first.click()
    await page.locator("#text").fill("monthly_day 15")
    await page.locator("#windows").fill("09:00-11:30, 14:30-17:00")
    await page.select_option("#on_weekend", "roll_forward")
    await page.get_by_role("button", name="增加规则").click()
    await page.get_by_role("button", name="安排今后 60 天").click()
    await expect(page.get_by_text("2026年3月16日 星期一").first).to_be_visible()
    await expect(page.locator(".planned").get_by_text("15日").first).to_be_visible()
    await clerk.picture("march-1-planned", whole=True)
    await page.get_by_text("修改补位顺序").click()
    await page.select_option("#stand_in_1", site.place.other_leader_id)
    await page.get_by_role("button", name="保存顺序").click()
    await page.get_by_role("button", name="公示勾选的日子").click()
    await expect(page.locator(".planned a").first).to_be_visible()
    await page.goto(f"{site.url}/calendar?month=2026-03")
    await expect(page.locator("table").get_by_text("领导甲").first).to_be_visible()
    await axe(page)
    await clerk.picture("march-2-public", whole=True)


async def book(site: Site, clerk: Person, name: str) -> int:
    """Book the first free slot for somebody who is new; return how many clicks it took."""
    page = clerk.page
    await page.goto(f"{site.url}/booking")
    await page.evaluate("sessionStorage.setItem('clicks', '0')")
    await page.locator(".free a.slot").first.click()
    await page.locator("#petitioner_name").fill(f"{name}（演示）")
    await page.select_option("#category", "agriculture")
    await page.locator("#summary").fill(f"{name}家的水渠断水（演示）")
    await page.get_by_role("button", name="确认预约").click()
    await expect(page.get_by_role("heading", name="预约单")).to_be_visible()
    return int(await page.evaluate("Number(sessionStorage.getItem('clicks'))"))


async def shown(site: Site, day: date) -> dict[str, tuple[str, str]]:
    """Return who is booked on a day, with their state and the time."""
    found = await booking.today(site.db, actor=CLERK, day=day, now=site.clock.now())
    return {
        one.petitioner_name.removesuffix("（演示）"): (
            one.state.value,
            f"{one.slot.starts_at.astimezone(UTC):%H:%M}",
        )
        for one in found
    }


async def test_the_fifteenth_of_march_from_the_rule_to_the_stand_in(
    site: Site, chromium: Chromium
) -> None:
    clerk = await at_desk(site, chromium, KEPT, Role.CLERK)
    await clerk.context.add_init_script(COUNT_CLICKS)
    page = clerk.page
    await plan(site, clerk)

    # Five people, each booked with few clicks.
    for name in PEOPLE:
        assert await book(site, clerk, name) <= MOST_CLICKS
    await clerk.picture("march-3-slip", whole=True)
    day = await shown(site, MONDAY)
    assert set(day) == set(PEOPLE)
    assert len({at for _, at in day.values()}) == len(PEOPLE)

    # The last one asks for another time.
    await page.get_by_role("link", name="改到另一个时段").click()
    await axe(page)
    await page.locator(".free button.slot").first.click()
    await expect(page.get_by_role("heading", name="预约单")).to_be_visible()
    moved = await shown(site, MONDAY)
    assert moved["钱有田"][1] not in {at for _, at in day.values()}
    assert {name: moved[name] for name in PEOPLE[:4]} == {name: day[name] for name in PEOPLE[:4]}
    await clerk.picture("march-4-moved", whole=True)

    # On the morning the leader is called away.
    site.clock.advance(datetime(2026, 3, 16, 0, 40, tzinfo=UTC) - site.clock.now())
    await log_in_again(site, page)
    (planned,) = await calendar.days(
        site.db, leader_id=site.place.leader_id, first=MONDAY, last=MONDAY, now=site.clock.now()
    )
    await page.goto(f"{site.url}/planning/days/{planned.id}")
    await page.get_by_label("领导乙 副县长").check()
    await page.locator("#reason").fill("赴灾区指挥抢险")
    await page.locator("#approved_by").fill("县委办主任 张某（演示）")
    await page.get_by_role("button", name="换人并公示").click()
    await expect(page.get_by_text("有 5 位群众等候答复")).to_be_visible()
    await clerk.picture("march-5-stand-in", whole=True)
    await page.get_by_role("link", name="逐位答复").click()
    await axe(page)
    await clerk.picture("march-6-let-down", whole=True)
    for left in range(len(PEOPLE), 0, -1):
        buttons = page.get_by_role("button", name="群众同意由领导乙接访")
        await expect(buttons).to_have_count(left)
        await buttons.first.click()
    await expect(page.get_by_text("没有等候答复的群众")).to_be_visible()

    after = await shown(site, MONDAY)
    assert {state for state, _ in after.values()} == {BookingState.CONFIRMED.value}
    day_after = await calendar.day(site.db, day_id=planned.id, now=site.clock.now())
    assert day_after.state is DayState.SUBSTITUTED
    assert day_after.leader.id == site.place.other_leader_id
    (change,) = await day_changes.history(site.db, day_id=planned.id)
    assert change.reason == "赴灾区指挥抢险"
    await page.goto(f"{site.url}/calendar/{planned.id}")
    await expect(page.get_by_text("赴灾区指挥抢险")).to_be_visible()
    assert await is_within_the_window(page)
    await clerk.picture("march-7-public-history", whole=True)
    clerk.check()


@pytest.mark.parametrize("policy", ["hold", "roll_back"])
async def test_the_other_ways_to_treat_that_sunday(
    site: Site, chromium: Chromium, policy: str
) -> None:
    clerk = await at_desk(site, chromium, KEPT, Role.CLERK)
    page = clerk.page
    await page.goto(f"{site.url}/planning/{site.place.leader_id}")
    await page.get_by_text("增加规则").first.click()
    await page.select_option("#on_weekend", policy)
    await page.get_by_role("button", name="增加规则").click()
    await page.get_by_role("button", name="安排今后 60 天").click()
    there = {"hold": "2026年3月15日 星期日", "roll_back": "2026年3月13日 星期五"}[policy]
    await expect(page.locator(".planned").get_by_text(there)).to_be_visible()
    clerk.check()
