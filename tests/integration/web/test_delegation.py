"""A leader gives a secretary work on a page, and the secretary has the leader's list until it ends."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from reception.domain.codes import Role
from reception.services import booking
from reception.services.booking import BookRequest
from tests.build import CLERK, draft, open_day
from tests.e2e.browser import axe
from tests.integration.web.site import Browser, Site
from tests.integration.web.test_in_chromium import at_desk


async def booked(site: Site) -> str:
    """Book the leader for today; return the session."""
    slots = await open_day(site.db, site.place.leader_id)
    view = await booking.book(
        site.db,
        request=BookRequest(slot_id=slots[0].id, site_id=site.place.site_id, draft=draft()),
        actor=CLERK,
        idempotency_key=None,
        now=site.clock.now(),
    )
    assert view.session_id is not None
    return view.session_id


async def given(leader: Browser) -> None:
    page = await leader.get("/me/delegation")
    found = re.search(r'<option value="(\w{32})">', page.html)
    assert found is not None
    page = await leader.post(
        "/me/delegation", {"account_id": found[1], "last_day": page.value("last_day")}
    )
    assert page.path == "/me/delegation"


async def test_a_secretary_prepares_and_the_leader_takes_it_back(site: Site) -> None:
    session_id = await booked(site)
    leader, secretary = await site.staff(Role.LEADER), await site.staff(Role.SECRETARY)
    page = await secretary.get("/")
    assert (page.path, "现在没有领导委托您" in page.text) == ("/leader", True)
    await given(leader)
    page = await secretary.get("/leader")
    assert "您在协助领导甲（副县长）" in page.text
    assert not page.links("/room/")
    note = f"/clerk/sessions/{session_id}/preparation"
    assert note in page.links("/clerk/")
    await secretary.get(note)
    page = await secretary.post(note, {"note": "已邀请水务局"})
    assert (page.path, "已邀请水务局" in page.text) == ("/leader", True)
    assert (await secretary.get(f"/room/{session_id}")).status == 403
    page = await leader.get("/me/delegation")
    end = re.search(r'action="(/me/delegation/\w+/end)"', page.html)
    assert end is not None
    await leader.post(end[1])
    page = await secretary.get("/leader")
    assert "现在没有领导委托您" in page.text
    assert (await secretary.get(note)).status in (403, 404)


async def test_a_day_too_far_away_is_refused_on_the_page(site: Site) -> None:
    await site.account(Role.SECRETARY)
    leader = await site.staff(Role.LEADER)
    page = await leader.get("/me/delegation")
    found = re.search(r'<option value="(\w{32})">', page.html)
    assert found is not None
    page = await leader.post("/me/delegation", {"account_id": found[1], "last_day": "2026-12-31"})
    assert page.status == 400
    assert "最后一天（超出范围）" in page.text


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_page_is_free_of_barriers(
    site: Site, chromium: Chromium, tmp_path: Path, language: str
) -> None:
    await booked(site)
    await site.account(Role.SECRETARY)
    desk = await at_desk(site, chromium, tmp_path, Role.LEADER)
    await desk.page.goto(f"{site.url}/me/delegation?lang={language}")
    await axe(desk.page)
    await desk.page.locator("form[action='/me/delegation'] button").click()
    await expect(desk.page.locator("form[action$='/end'] button")).to_be_visible()
    await axe(desk.page)
    await desk.picture(f"delegation-{language}", whole=True)
    await desk.context.close()
    desk.check()
