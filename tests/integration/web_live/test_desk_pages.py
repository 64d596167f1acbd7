"""The leader's day and the room page."""

import json
import re
from datetime import date

from reception.domain.codes import Role
from reception.services import booking, sessions
from reception.services.booking import BookingView
from scheduler.calendar import DayTable
from tests.build import CLERK
from tests.integration.web.site import Browser, Site
from web.pages.room import rest_days


async def prepare(site: Site, held: BookingView) -> None:
    """Write the preparation note of a booking."""
    assert held.session_id
    await sessions.save_preparation(
        site.db,
        session_id=held.session_id,
        note="渠道七月冲毁，水务局已到场两次。",
        actor=CLERK,
        now=site.clock.now(),
    )


async def stamp(browser: Browser) -> str:
    """What an open list compares itself with."""
    answer = await browser.raw("GET", "/leader/changed")
    told: str = (await answer.json())["stamp"]
    return told


async def test_a_day_without_bookings_says_so(site: Site) -> None:
    leader = await site.staff(Role.LEADER)
    assert "今天没有已预约的接访" in (await leader.get("/leader")).text


async def test_the_next_talk_stands_first_with_matter_note_and_one_button(
    site: Site, booked: BookingView
) -> None:
    await prepare(site, booked)
    leader = await site.staff(Role.LEADER)
    page = await leader.get("/leader")
    for words in ("09:00", "吴某（演示）", "水渠断水", "水务局已到场两次", "进入接谈"):
        assert words in page.text
    assert page.links("/room/") == [f"/room/{booked.session_id}"]


async def test_another_leaders_day_stays_empty(site: Site, booked: BookingView) -> None:
    assert booked.slot.leader.id == site.place.leader_id
    clerk = await site.staff(Role.CLERK)
    assert (await clerk.get("/leader")).status == 403


async def test_an_open_list_learns_that_somebody_checked_in(
    site: Site, booked: BookingView
) -> None:
    leader = await site.staff(Role.LEADER)
    page = await leader.get("/leader")
    before = await stamp(leader)
    assert f'data-stamp="{before}"' in page.html
    await booking.check_in(site.db, code=booked.code, actor=site.place.kiosk, now=site.clock.now())
    assert await stamp(leader) != before


async def test_a_cancelled_booking_leaves_the_list(site: Site, booked: BookingView) -> None:
    leader = await site.staff(Role.LEADER)
    await booking.cancel(
        site.db,
        booking_id=booked.id,
        by="petitioner",
        reason="来不了",
        actor=CLERK,
        now=site.clock.now(),
    )
    assert "今天没有已预约的接访" in (await leader.get("/leader")).text


async def test_the_room_shows_the_case_beside_the_picture(site: Site, booked: BookingView) -> None:
    await prepare(site, booked)
    leader = await site.staff(Role.LEADER)
    page = await leader.get(f"/room/{booked.session_id}")
    for words in ("水渠断水", "水务局已到场两次", "申诉求决", "测试镇", booked.case_no):
        assert words in page.text
    policy = page.response.headers["Permissions-Policy"]
    assert "camera=(self)" in policy
    assert "水务局</option>" in page.html


async def test_only_the_leader_writes_the_outcome(site: Site, booked: BookingView) -> None:
    clerk = await site.staff(Role.CLERK)
    page = await clerk.get(f"/room/{booked.session_id}")
    assert page.status == 200
    assert "处理结果由接访领导填写" in page.text
    assert 'id="outcome"' not in page.html


async def test_the_outcomes_offered_say_what_they_need(site: Site, booked: BookingView) -> None:
    leader = await site.staff(Role.LEADER)
    page = await leader.get(f"/room/{booked.session_id}")
    found = re.search(r'id="room-data">(.*?)</script>', page.html, re.DOTALL)
    assert found
    kinds = json.loads(found[1])["kinds"]
    assert kinds["assigned"]["needs"] == ["text", "owner_organ_id", "due_on"]
    assert kinds["answered"]["needs"] == ["text"]
    assert "adjourned" not in kinds


async def test_staff_take_their_seat_with_a_ticket(site: Site, booked: BookingView) -> None:
    leader = await site.staff(Role.LEADER)
    await leader.get("/leader")
    answer = await leader.raw(
        "POST",
        f"/room/{booked.session_id}/ticket",
        headers={
            "Sec-Fetch-Site": "same-origin",
            "X-CSRF": leader.csrf,
            "Accept": "application/json",
        },
    )
    assert (await answer.json())["ticket"]


async def test_a_room_that_is_not_there_says_so(site: Site) -> None:
    leader = await site.staff(Role.LEADER)
    assert (await leader.get(f"/room/{'0' * 32}")).status == 404


def test_rest_days_of_a_year_nobody_loaded_are_its_weekends() -> None:
    named = rest_days(DayTable("330726", "none"), date(2026, 11, 20), "zh")
    assert named["2026-11-21"] == "周末"
    assert named["2026-11-22"] == "周末"
    assert "2026-11-23" not in named
