"""The published month on paper and as a feed: the same days, at the same instants."""

from datetime import date, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from reception.domain.codes import Mode
from reception.services import calendar, day_changes
from scheduler.calendar import SHANGHAI
from scheduler.rules import RestPolicy
from tests.build import CLERK, TODAY, WINDOWS, open_day
from tests.integration.web.site import Site
from tests.pdf_text import pdf_pages

TOMORROW = TODAY + timedelta(days=1)


async def feed_of(site: Site, query: str = "") -> list[Any]:
    """Subscribe as a calendar program does, without any log-in; returns the events."""
    browser = await site.browser()
    answer = await browser.raw("GET", f"/calendar/feed.ics{query}")
    assert answer.status == 200
    assert answer.content_type == "text/calendar"
    return list(Calendar.from_ical(await answer.text()).walk("VEVENT"))


async def test_the_feed_has_the_hours_of_the_slots_in_one_zone(site: Site) -> None:
    slots = await open_day(site.db, site.place.leader_id, day=TOMORROW)
    (event,) = await feed_of(site)
    starts, ends = event.decoded("dtstart"), event.decoded("dtend")
    assert starts == slots[0].starts_at
    assert starts.astimezone(SHANGHAI).isoformat() == "2026-03-11T09:00:00+08:00"
    assert ends >= slots[-1].ends_at
    assert event["uid"] == f"{slots[0].day_id}-1@video-reception"
    assert "领导甲 副县长" in event["summary"]
    assert event["status"] == "CONFIRMED"
    assert event["url"].endswith(f"/calendar/{slots[0].day_id}")


async def test_a_change_replaces_what_was_subscribed_before(site: Site) -> None:
    slots = await open_day(site.db, site.place.leader_id, day=TOMORROW)
    (before,) = await feed_of(site)
    makeup = TOMORROW + timedelta(days=7)
    await day_changes.cancel(
        site.db,
        day_id=slots[0].day_id,
        makeup=makeup,
        reason="抢险",
        approved_by="县委办主任",
        actor=CLERK,
        now=site.clock.now(),
    )
    events = {event["uid"]: event for event in await feed_of(site)}
    after = events.pop(before["uid"])
    assert after["status"] == "CANCELLED"
    assert after["sequence"] > before["sequence"]
    (other,) = events.values()
    assert other.decoded("dtstart").astimezone(SHANGHAI).date() == makeup


async def test_the_feed_of_one_leader_or_area_has_no_other(site: Site) -> None:
    await open_day(site.db, site.place.leader_id, day=TOMORROW)
    await open_day(site.db, site.place.other_leader_id, day=TOMORROW)
    assert len(await feed_of(site)) == 2
    (event,) = await feed_of(site, f"?leader={site.place.other_leader_id}")
    assert "领导乙" in event["summary"]
    assert await feed_of(site, "?area=330727") == []


async def test_what_is_not_published_is_in_neither(site: Site) -> None:
    rule = await calendar.add_rule(
        site.db,
        leader_id=site.place.leader_id,
        text="monthly_day 15",
        on_weekend=RestPolicy.HOLD,
        on_holiday=RestPolicy.HOLD,
        windows=WINDOWS,
        mode=Mode.VIDEO,
        valid_from=TODAY,
        actor=CLERK,
        now=site.clock.now(),
    )
    await calendar.plan(
        site.db,
        rule_id=rule,
        window=(TODAY, date(2026, 4, 30)),
        actor=CLERK,
        now=site.clock.now(),
    )
    assert await feed_of(site) == []
    browser = await site.browser()
    assert (await browser.raw("GET", "/calendar/month.pdf?month=2026-03")).status == 404


async def test_the_month_on_paper_says_who_receives_when_and_where(site: Site) -> None:
    await open_day(site.db, site.place.leader_id, day=TOMORROW)
    browser = await site.browser()
    page = await browser.get("/calendar?month=2026-03")
    (link,) = page.links("/calendar/month.pdf")
    answer = await browser.raw("GET", link)
    assert answer.content_type == "application/pdf"
    (words,) = pdf_pages(await answer.read())
    shown = words.replace("\n", "")
    for text in (
        "领导视频接访日公示（2026年3月）",
        "3月11日 星期三",
        "09:00–12:00",
        "领导甲 副县长（农业农村）",
        "临时增加的接访日",
        "测试镇接访点",
        "2026年3月10日 星期二印制",
    ):
        assert text in shown, text


@pytest.mark.parametrize(
    "path", ["/calendar/month.pdf?month=soon", "/calendar/month.pdf?month=2026-13"]
)
async def test_a_month_that_is_none_is_refused(site: Site, path: str) -> None:
    browser = await site.browser()
    assert (await browser.raw("GET", path)).status == 400
