"""The public calendar, its notices, and planning the days it shows."""

from datetime import date

import pytest

from reception.domain.codes import Role
from reception.services import calendar
from tests.build import open_day
from tests.integration.web.site import Browser, Page, Site

DAY_FIRST, DAY_LAST = date(2026, 3, 10), date(2026, 5, 10)
RULE = {
    "text": "monthly_day 15",
    "windows": "09:00-11:30",
    "on_weekend": "hold",
    "on_holiday": "roll_forward",
    "slot_minutes": "30",
    "buffer_minutes": "10",
}


async def add_rule(clerk: Browser, leader: str) -> Page:
    """Add the rule of the 15th and plan the next 60 days."""
    page = await clerk.post(f"{leader}/rules", RULE)
    assert page.status == 200, page.text
    return await clerk.post(f"{leader}/plan", {"rule": page.value("rule")})


def the_day(month: Page) -> str:
    """Where the only published day of a month is told of; the paper and the feed stand beside it."""
    (link,) = (
        link
        for link in month.links("/calendar/")
        if not link.startswith(("/calendar/feed", "/calendar/month"))
    )
    return link


async def test_the_public_sees_published_days_and_their_notice_without_a_log_in(
    site: Site,
) -> None:
    slots = await open_day(site.db, site.place.leader_id)
    browser = await site.browser()
    page = await browser.get("/calendar?month=2026-03")
    assert "领导甲" in page.text
    notice = await browser.get(the_day(page))
    for words in (
        "2026年3月10日 星期二",
        "09:00–12:00",
        "领导甲",
        "副县长",
        "农业农村",
        "测试镇接访点",
        "一路1号",
        "临时增加的接访日",
    ):
        assert words in notice.text, words
    assert f"还有 {len(slots)} 个" in notice.text


async def test_a_day_that_is_not_published_is_not_there(site: Site) -> None:
    clerk = await site.staff(Role.CLERK)
    leader = f"/planning/{site.place.leader_id}"
    await add_rule(clerk, leader)
    planned = await calendar.days(
        site.db,
        leader_id=site.place.leader_id,
        first=DAY_FIRST,
        last=DAY_LAST,
        now=site.clock.now(),
    )
    assert planned
    browser = await site.browser()
    assert "领导甲" not in (await browser.get("/calendar?month=2026-03")).html.split("<table")[1]
    assert (await browser.get(f"/calendar/{planned[0].id}")).status == 404


@pytest.mark.parametrize("query", ["month=2026-13", "month=soon"])
async def test_a_month_that_is_none_is_refused(site: Site, query: str) -> None:
    browser = await site.browser()
    assert (await browser.get(f"/calendar?{query}")).status == 400


async def test_a_rule_is_previewed_planned_and_published(site: Site) -> None:
    clerk = await site.staff(Role.CLERK)
    leader = f"/planning/{site.place.leader_id}"
    page = await add_rule(clerk, leader)
    assert "新增 2 天" in page.text
    assert "15日逢周日，照常接访" in page.text
    preview = await clerk.get(page.links(f"{leader}?rule=")[-1])
    assert "2026年10月15日 星期四" in preview.text
    assert "暂定" in preview.text, "the next year has no holidays yet"
    days = [part.split('"')[0] for part in preview.html.split('name="day" value="')[1:]]
    published = await clerk.post(f"{leader}/publish", {"day": days[0]})
    assert published.path == leader
    assert "开放预约" in published.text
    browser = await site.browser()
    assert "领导甲" in (await browser.get("/calendar?month=2026-03")).html.split("<table")[1]


async def test_planning_again_says_that_nothing_changed(site: Site) -> None:
    clerk = await site.staff(Role.CLERK)
    leader = f"/planning/{site.place.leader_id}"
    page = await add_rule(clerk, leader)
    again = await clerk.post(f"{leader}/plan", {"rule": page.value("rule")})
    assert "新增 0 天，不变 2 天" in again.text


async def test_publishing_nothing_is_refused(site: Site) -> None:
    clerk = await site.staff(Role.CLERK)
    page = await clerk.post(f"/planning/{site.place.leader_id}/publish")
    assert page.status == 400


async def test_a_rule_nobody_understands_is_refused_in_words(site: Site) -> None:
    clerk = await site.staff(Role.CLERK)
    page = await clerk.post(
        f"/planning/{site.place.leader_id}/rules", {**RULE, "text": "every full moon"}
    )
    assert page.status == 422
    assert "看不懂这条接访规则" in page.text


async def test_a_single_day_is_added_and_public_at_once(site: Site) -> None:
    clerk = await site.staff(Role.CLERK)
    page = await clerk.post(
        f"/planning/{site.place.leader_id}/days",
        {
            "date": "2026-03-12",
            "windows": "09:00-11:00",
            "slot_minutes": "30",
            "buffer_minutes": "10",
            "topic": "农民工工资",
        },
    )
    assert "临时增加的接访日" in page.text
    browser = await site.browser()
    month = await browser.get("/calendar?month=2026-03")
    assert "农民工工资" in (await browser.get(the_day(month))).text


async def test_the_administrator_reads_the_plan_and_changes_nothing(site: Site) -> None:
    browser = await site.staff(Role.SYSADMIN)
    assert "测试镇接访点" in (await browser.get("/admin")).text
    page = await browser.get(f"/planning/{site.place.leader_id}")
    assert page.status == 200
    assert "增加规则" not in page.text
    refused = await browser.post(f"/planning/{site.place.leader_id}/rules", RULE)
    assert refused.status == 403
