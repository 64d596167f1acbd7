"""A clerk keeps that a leader cannot receive, and the plan asks the stand-in."""

from datetime import timedelta
from pathlib import Path

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from reception.domain.codes import Role
from reception.services import day_changes
from tests.build import CLERK, TODAY
from tests.e2e.browser import axe
from tests.integration.web.site import Site
from tests.integration.web.test_in_chromium import at_desk, is_within_the_window


async def test_the_fifteenth_is_kept_by_the_stand_in(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    await day_changes.set_stand_ins(
        site.db,
        leader_id=site.place.leader_id,
        stand_in_ids=[site.place.other_leader_id],
        actor=CLERK,
        now=site.clock.now(),
    )
    clerk = await at_desk(site, chromium, tmp_path, Role.CLERK)
    page = clerk.page
    await page.goto(f"{site.url}/planning/{site.place.leader_id}")
    await page.get_by_text("登记不能接访的日子").click()
    await page.locator("#first_day").fill((TODAY + timedelta(days=4)).isoformat())
    await page.locator("#last_day").fill((TODAY + timedelta(days=7)).isoformat())
    await page.locator("#reason").fill("外出培训")
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_text("2026年3月14日 星期六 – 2026年3月17日 星期二")).to_be_visible()

    await page.get_by_text("增加规则").first.click()
    await page.get_by_role("button", name="增加规则").click()
    await page.get_by_role("button", name="安排今后 60 天").click()
    planned = page.locator(".planned li")
    await expect(planned).to_have_count(2)
    await expect(planned.first).to_contain_text("由领导乙接访")
    await expect(planned.last).not_to_contain_text("由领导乙接访")
    await axe(page)
    assert await is_within_the_window(page)
    await clerk.picture("planning-absence", whole=True)

    await page.get_by_role("button", name="撤销 2026年3月14日").click()
    await expect(page.get_by_text("没有登记")).to_be_visible()
    clerk.check()
