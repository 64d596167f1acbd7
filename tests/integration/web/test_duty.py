"""The duty record of a leader as the clerk sees it."""

from datetime import timedelta
from pathlib import Path

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from reception.domain.codes import Mode, Role
from reception.services import calendar, day_changes
from scheduler.rules import RestPolicy
from tests.build import CLERK, TODAY, WINDOWS, open_day
from tests.e2e.browser import axe
from tests.integration.web.site import Site
from tests.integration.web.test_in_chromium import at_desk, is_within_the_window


async def test_a_leader_s_days_are_shown_as_they_went(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    db, place, now = site.db, site.place, site.clock.now()
    days = [
        (await open_day(db, place.leader_id, day=TODAY + timedelta(days=number)))[0].day_id
        for number in (1, 2, 3)
    ]
    await day_changes.substitute(
        db,
        day_id=days[0],
        stand_in_id=place.other_leader_id,
        reason="抢险",
        approved_by="县委办主任",
        actor=CLERK,
        now=now,
    )
    await calendar.add_rule(
        db,
        leader_id=place.leader_id,
        text="monthly_count 3",
        on_weekend=RestPolicy.HOLD,
        on_holiday=RestPolicy.HOLD,
        windows=WINDOWS,
        mode=Mode.VIDEO,
        valid_from=TODAY,
        actor=CLERK,
        now=now,
    )
    clerk = await at_desk(site, chromium, tmp_path, Role.CLERK)
    page = clerk.page
    for language in ("en", "zh"):
        await page.goto(f"{site.url}/planning/{place.leader_id}?lang={language}")
        await axe(page)
        assert await is_within_the_window(page)
    await expect(page.get_by_text("本月至少 3 天：已履职 0 天，已公示待接访 2 天")).to_be_visible()
    march = page.get_by_role("row", name="2026年3月")
    await expect(march).to_contain_text("待接访 2")
    await expect(march).to_contain_text("由他人补位 1")
    await expect(march.locator(".duty__day")).to_have_count(3)
    await clerk.picture("planning-duty", whole=True)
    clerk.check()
