"""A leader who cannot come, as the clerk handles it and as the public sees it."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from reception.domain.codes import Role
from reception.services import booking, calendar, day_changes
from reception.services.booking import BookRequest
from tests.build import CLERK, TODAY, draft, open_day
from tests.e2e.browser import axe
from tests.integration.web.site import Site
from tests.integration.web.test_in_chromium import at_desk, is_within_the_window

REASON, APPROVER = "赴灾区指挥抢险", "县委办主任 张某（演示）"


async def two_booked(site: Site) -> str:
    """A day of 领导甲 with 吴阿根 and 陈桂花 booked; returns the day."""
    slots = await open_day(site.db, site.place.leader_id, day=TODAY + timedelta(days=1))
    for slot, name in zip(slots, ("吴阿根（演示）", "陈桂花（演示）"), strict=False):
        request = BookRequest(
            slot_id=slot.id, site_id=site.place.site_id, draft=draft(petitioner_name=name)
        )
        await booking.book(
            site.db, request=request, actor=CLERK, idempotency_key=None, now=site.clock.now()
        )
    return slots[0].day_id


async def test_a_clerk_finds_a_stand_in_and_answers_everyone(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    day_id = await two_booked(site)
    await open_day(site.db, site.place.other_leader_id, day=TODAY + timedelta(days=3))
    clerk = await at_desk(site, chromium, tmp_path, Role.CLERK)
    page = clerk.page

    await page.goto(f"{site.url}/planning/{site.place.leader_id}")
    await page.get_by_text("修改补位顺序").click()
    await page.select_option("#stand_in_1", site.place.other_leader_id)
    await page.get_by_role("button", name="保存顺序").click()
    await expect(page.get_by_text("领导乙 副县长").first).to_be_visible()
    await axe(page)

    await page.locator(f"a[href='/planning/days/{day_id}']").click()
    await axe(page)
    await clerk.picture("planning-day", whole=True)
    await page.get_by_label("领导乙 副县长").check()
    await page.locator("#reason").fill(REASON)
    await page.locator("#approved_by").fill(APPROVER)
    await page.get_by_role("button", name="换人并公示").click()
    await expect(page.get_by_text("有 2 位群众等候答复")).to_be_visible()
    await expect(page.get_by_text("原定领导甲 副县长，改由领导乙 副县长接访")).to_be_visible()
    await axe(page)
    await clerk.picture("planning-day-changed", whole=True)

    await page.goto(f"{site.url}/clerk")
    await page.get_by_role("link", name="逐位答复").click()
    await axe(page)
    assert await is_within_the_window(page)
    await clerk.picture("let-down", whole=True)
    await page.get_by_role("button", name="群众同意由领导乙接访 吴阿根").click()
    await expect(page.get_by_role("heading", name="陈桂花")).to_be_visible()
    await expect(page.get_by_role("heading", name="吴阿根")).to_have_count(0)
    await page.get_by_role("link", name="优先改期 陈桂花").click()
    await expect(page.get_by_text("谁提出改期")).to_have_count(0)  # it is the office's fault
    await page.locator("button[form=move]").first.click()
    await expect(page.get_by_role("heading", name="预约单")).to_be_visible()
    await page.goto(f"{site.url}/clerk/let-down")
    await expect(page.get_by_text("没有等候答复的群众")).to_be_visible()
    clerk.check()

    public = await at_desk(site, chromium, tmp_path, None)
    await public.page.goto(f"{site.url}/calendar/{day_id}")
    await expect(public.page.get_by_text("改由领导乙 副县长接访")).to_be_visible()
    await expect(public.page.get_by_text(f"原因：{REASON}；批准：{APPROVER}")).to_be_visible()
    await axe(public.page)
    await public.picture("notice-changed", whole=True)
    public.check()


async def test_a_cancelled_day_says_when_it_is_made_up_for(site: Site) -> None:
    day_id = await two_booked(site)
    makeup = TODAY + timedelta(days=9)
    clerk = await site.staff(Role.CLERK)
    answer = await clerk.post(
        f"/planning/days/{day_id}/cancel",
        {"makeup": makeup.isoformat(), "reason": REASON, "approved_by": APPROVER},
    )
    assert answer.status == 200
    assert "已取消" in answer.text
    public = await (await site.browser()).get(f"/calendar/{day_id}")
    assert "2026年3月19日" in public.text
    (link,) = public.links("/calendar/")[-1:]
    assert (await clerk.get(link)).status == 200
    assert len(await day_changes.let_down(site.db, actor=CLERK, now=site.clock.now())) == 2


@pytest.mark.parametrize("role", [Role.LEADER, Role.SYSADMIN, Role.AUDITOR])
async def test_nobody_but_a_clerk_changes_a_published_day(site: Site, role: Role) -> None:
    day_id = await two_booked(site)
    other = await site.staff(role)
    for path in ("substitute", "cancel"):
        assert (await other.post(f"/planning/days/{day_id}/{path}", {})).status == 403
    for path in ("/clerk/let-down",):
        assert (await other.get(path)).status == 403
    shown = await calendar.day(site.db, day_id=day_id, now=site.clock.now())
    assert shown.state.value == "booking_open"
