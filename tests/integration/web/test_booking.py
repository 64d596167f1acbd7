"""Booking at the counter by the form: a slot, a case, a slip; taken slots and second presses."""

from datetime import timedelta

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from reception.domain.codes import Role
from reception.services import booking, calendar, cases, waiting
from reception.services.booking import BookRequest
from tests.build import CLERK, TODAY, draft, open_day
from tests.e2e.browser import KEPT, axe
from tests.integration.web.site import Browser, Page, Site
from tests.integration.web.test_in_chromium import at_desk

TYPED = {
    "petitioner_name": "赵桂香",
    "phone": "13800001234",
    "language": "dialect",
    "persons_present": "2",
    "purpose": "appeal_or_request",
    "category": "agriculture",
    "problem_area_code": "330726100",
    "summary": "村口水渠断水三个月",
    "facts": "从九月起没有水。",
    "needs": "hearing",
}


async def choose(site: Site, browser: Browser, index: int = 0) -> tuple[calendar.SlotView, Page]:
    """Open a day and the form for one of its slots."""
    slots = await open_day(site.db, site.place.leader_id)
    slot = slots[index]
    return slot, await browser.get(f"/booking/new?day={slot.day_id}&slot={slot.id}")


def filled(form: Page, site: Site) -> dict[str, str]:
    """Fill the form as a clerk would."""
    hidden = {name: form.value(name) for name in ("key", "day", "slot")}
    return {**hidden, "site": site.place.site_id, **TYPED}


async def take(site: Site, slot_id: str) -> None:
    """Let somebody else book the slot first."""
    await booking.book(
        site.db,
        request=BookRequest(slot_id=slot_id, site_id=site.place.site_id, draft=draft()),
        actor=CLERK,
        idempotency_key=None,
        now=site.clock.now(),
    )


async def test_a_villager_is_booked_and_gets_a_slip(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    slot, form = await choose(site, browser)
    assert "领导甲" in (await browser.get("/booking")).text
    page = await browser.post("/booking/new", filled(form, site))
    assert page.status == 200
    assert page.path.startswith("/booking/")
    (held,) = await booking.today(
        site.db, actor=site.place.clerk, day=slot.starts_at.date(), now=site.clock.now()
    )
    for words in (
        "赵桂香",
        "2026年3月10日 星期二",
        "09:00",
        "一路1号",
        f"{held.code[:3]} {held.code[3:]}",
    ):
        assert words in page.text
    assert "<svg" in page.html
    assert held.code not in str(page.response.url)


async def test_the_form_needs_no_phone(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    _, form = await choose(site, browser)
    page = await browser.post("/booking/new", {**filled(form, site), "phone": ""})
    assert page.status == 200
    assert page.path.startswith("/booking/")


async def test_a_second_press_books_once(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    slot, form = await choose(site, browser)
    sent = filled(form, site)
    first = await browser.post("/booking/new", sent)
    second = await browser.post("/booking/new", sent)
    assert first.path == second.path
    held = await booking.today(
        site.db, actor=site.place.clerk, day=slot.starts_at.date(), now=site.clock.now()
    )
    assert len(held) == 1


async def test_a_taken_slot_offers_others_and_keeps_everything_typed(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    slot, form = await choose(site, browser)
    await take(site, slot.id)
    page = await browser.post("/booking/new", filled(form, site))
    assert page.status == 409
    for value in ("赵桂香", "13800001234", "村口水渠断水三个月", "从九月起没有水。"):
        assert value in page.html
    for chosen in (
        'value="agriculture" selected',
        'value="dialect" selected',
        'value="hearing" checked',
    ):
        assert chosen in page.html
    assert f'value="{site.place.site_id}" selected' in page.html
    offered = [part.split('"')[0] for part in page.html.split('name="instead" value="')[1:]]
    assert len(offered) >= 3
    booked = await browser.post("/booking/new", {**filled(page, site), "instead": offered[0]})
    assert booked.status == 200
    assert booked.path.startswith("/booking/")


async def test_a_slot_that_is_over_is_refused_with_the_form_kept(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    _, form = await choose(site, browser)
    site.clock.advance(timedelta(hours=6))
    await browser.log_in("clerk")
    await browser.get("/booking")
    page = await browser.post("/booking/new", filled(form, site))
    assert page.status == 409
    assert "赵桂香" in page.html


async def test_what_is_missing_is_said_and_the_rest_kept(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    _, form = await choose(site, browser)
    page = await browser.post("/booking/new", {**filled(form, site), "category": "nonsense"})
    assert page.status == 400
    assert "赵桂香" in page.html
    assert 'role="alert"' in page.html


async def booked(site: Site, browser: Browser) -> str:
    """Book the first slot and give the path of the slip."""
    _, form = await choose(site, browser)
    return (await browser.post("/booking/new", filled(form, site))).path


async def test_a_cancelled_booking_frees_its_slot(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    site.clock.advance(timedelta(minutes=-30))
    slip = await booked(site, browser)
    page = await browser.post(f"{slip}/cancel", {"by": "petitioner", "reason": "家里有事"})
    assert page.status == 200
    assert "信访人已取消" in page.text
    assert "不能签到" in page.text
    free = await calendar.free_slots(site.db, after=site.clock.now())
    assert [slot.starts_at.minute for slot in free] == [0, 40, 20, 0]
    assert len(site.rooms.told) == 1


async def test_a_booking_is_moved_to_another_slot(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    site.clock.advance(timedelta(minutes=-30))
    slip = await booked(site, browser)
    booking_id = slip.rsplit("/", 1)[1]
    board = await browser.get(f"/booking?move={booking_id}")
    assert "赵桂香" in board.text
    other = (await calendar.free_slots(site.db, after=site.clock.now()))[2]
    assert f'form="move" name="slot" value="{other.id}"' in board.html
    assert (await browser.post(f"{slip}/move", {"slot": other.id})).status == 400
    wish = {"slot": other.id, "by": board.value("by")}
    assert wish["by"] == "petitioner", "nearly every move is the petitioner's"
    page = await browser.post(f"{slip}/move", wish)
    assert page.status == 200
    assert "11:00" in page.text
    old = await booking.booking(site.db, booking_id=booking_id, actor=site.place.clerk)
    assert old.state.value == "moved"
    again = await calendar.free_slots(site.db, after=site.clock.now())
    assert again[0].starts_at == old.slot.starts_at


async def test_a_further_talk_is_booked_for_the_same_case(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    slots = await open_day(site.db, site.place.leader_id)
    case = await cases.register(
        site.db, draft=draft(), actor=site.place.clerk, now=site.clock.now()
    )
    board = await browser.get(f"/booking?case={case.id}")
    link = board.links("/booking/new?")[0]
    assert f"case={case.id}" in link
    form = await browser.get(link)
    assert case.case_no in form.text
    page = await browser.post(
        "/booking/new",
        {
            **{name: form.value(name) for name in ("key", "day", "slot", "case")},
            "site": site.place.site_id,
        },
    )
    assert page.status == 200
    assert case.case_no in page.text
    assert slots


async def test_the_day_lists_who_comes_with_the_code_to_read_out(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    await booked(site, browser)
    page = await browser.get("/clerk?day=2026-03-10")
    assert "赵桂香" in page.text
    assert "未访前调查" in page.text
    (room,) = page.links("/room/")
    assert room
    preparation = next(link for link in page.links("/clerk/sessions/"))
    await browser.get(preparation)
    done = await browser.post(preparation, {"note": "已查：水渠属村集体。"})
    assert done.path == "/clerk"
    assert "已访前调查" in done.text
    assert "已查：水渠属村集体。" in (await browser.get(preparation)).html
    assert len(site.rooms.told) == 1


async def test_seven_people_are_booked_once_they_have_chosen_who_speaks(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    _, form = await choose(site, browser)
    typed = filled(form, site) | {"persons_present": "7"}
    asked = await browser.post("/booking/new", typed)
    assert asked.status == 400
    assert "推选代表" in asked.text
    names = {f"companion_{number}": f"村民{number}" for number in range(1, 7)}
    again = typed | names | {"speaks": "2"}
    page = await browser.post("/booking/new", again)
    assert page.path.startswith("/booking/"), page.text
    (case,) = await cases.list_cases(site.db, actor=CLERK)
    shown = await browser.get(f"/cases/{case.id}")
    for name in names.values():
        assert name in shown.text
    assert shown.text.count("代表发言") == 1


AUTHORITY = {
    "agent_name": "代办员甲",
    "agent_kind": "village_agent",
    "agent_scope": "book",
    "agent_valid_from": "2026-03-10",
    "agent_valid_to": "2026-06-10",
}


async def test_an_agent_books_by_paper_and_the_petitioner_takes_it_back_on_the_query_page(
    site: Site,
) -> None:
    browser = await site.staff(Role.CLERK)
    _, form = await choose(site, browser)
    typed = filled(form, site) | AUTHORITY
    unseen = await browser.post("/booking/new", typed)
    assert "要当面看过委托书" in unseen.text
    assert "代办员甲" in unseen.html
    page = await browser.post("/booking/new", typed | {"agent_seen": "1"})
    assert page.path != "/booking/new", page.text
    assert page.path.startswith("/booking/"), page.text
    (case,) = await cases.list_cases(site.db, actor=CLERK)
    shown = await browser.get(f"/cases/{case.id}")
    assert "代办员甲" in shown.text
    assert "村级代办员代信访人已预约" in shown.text

    villager = await site.browser()
    asked = await villager.post("/query", {"code": case.query_code})
    assert "您委托了村级代办员代办，到 2026年6月10日 星期三 为止" in asked.text
    assert "代办员甲" not in asked.text
    again = await villager.post(
        "/query/agents/revoke", {"code": case.query_code, "agent": asked.value("agent")}
    )
    assert "信访人撤回了对村级代办员的委托" in again.text
    assert "您委托了" not in again.text
    assert "撤回" in (await browser.get(f"/cases/{case.id}")).text


async def test_the_same_matter_told_again_is_asked_about_and_booked_either_way(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    known = await cases.register(
        site.db,
        draft=draft(petitioner_name=TYPED["petitioner_name"], summary="村口的水渠断水"),
        actor=CLERK,
        now=site.clock.now(),
    )
    _, form = await choose(site, browser)
    typed = filled(form, site)
    asked = await browser.post("/booking/new", typed)
    assert asked.path == "/booking/new"
    assert "请问一问信访人" in asked.text
    assert known.case_no in asked.text
    assert asked.value("petitioner_name") == TYPED["petitioner_name"]
    page = await browser.post("/booking/new", typed | {"matter": known.id})
    assert known.case_no in page.text
    # It was another matter after all.
    matter = {name: TYPED[name] for name in ("purpose", "category", "problem_area_code")}
    own = await browser.post(f"{page.path}/separate", matter | {"summary": "宅基地审批"})
    assert "宅基地审批" in own.text
    assert known.case_no not in own.text
    assert len(await cases.list_cases(site.db, actor=CLERK)) == 2


async def test_somebody_waits_is_offered_a_slot_and_books_it(
    site: Site, chromium: Chromium
) -> None:
    slots = await open_day(site.db, site.place.leader_id, day=TODAY + timedelta(days=1))
    for slot in slots:
        await take(site, slot.id)
    clerk = await at_desk(site, chromium, KEPT, Role.CLERK)
    page = clerk.page
    await page.goto(f"{site.url}/booking")
    await page.get_by_role("link", name="登记候补").click()
    await page.fill("#petitioner_name", "王候补（演示）")
    await page.select_option("#category", "agriculture")
    await page.fill("#summary", "水渠断水（演示）")
    await axe(page)
    await clerk.picture("waiting-1-new", whole=True)
    await page.get_by_role("button", name="列入候补").click()
    await expect(page.get_by_role("heading", name="王候补")).to_be_visible()
    (first, *_) = await booking.today(
        site.db, actor=CLERK, day=TODAY + timedelta(days=1), now=site.clock.now()
    )
    await booking.cancel(
        site.db, booking_id=first.id, by="petitioner", reason="", actor=CLERK, now=site.clock.now()
    )
    await waiting.offer(site.db, now=site.clock.now())
    await page.reload()
    await expect(page.get_by_text("替他留到 2026年3月10日 星期二 11:00")).to_be_visible()
    await axe(page)
    await clerk.picture("waiting-2-offered", whole=True)
    await page.get_by_role("button", name="去，约上 王候补").click()
    await expect(page.get_by_role("heading", name="预约单")).to_be_visible()
    await expect(page.locator(".slip__when")).to_contain_text("09:00")
    clerk.check()


async def test_a_refusal_is_shown_objected_to_and_decided_by_somebody_else(site: Site) -> None:
    case = await cases.register(site.db, draft=draft(), actor=CLERK, now=site.clock.now())
    clerk = await site.staff(Role.CLERK)
    slots = await open_day(site.db, site.place.leader_id)
    others = await open_day(site.db, site.place.other_leader_id)
    form = await clerk.get(f"/booking/new?case={case.id}&day={slots[0].day_id}&slot={slots[0].id}")
    assert "这个时段不予安排，另给一个" in form.text
    wish = {"slot": slots[0].id, "alternative": others[0].id}
    untrue = await clerk.post(f"/cases/{case.id}/declines", wish | {"reason": "recheck_final"})
    assert "没有复核意见" in untrue.text
    shown = await clerk.post(f"/cases/{case.id}/declines", wish | {"reason": "outside_portfolio"})
    assert "不属于该领导分管工作" in shown.text
    assert shown.links(f"/booking/new?case={case.id}")

    villager = await site.browser()
    asked = await villager.post("/query", {"code": case.query_code})
    assert "另给您：2026年3月10日 星期二 09:00" in asked.text
    assert "登记员" not in asked.text.partition("谁看过")[0]
    objected = await villager.post(
        "/query/objections",
        {"code": case.query_code, "decline": asked.value("decline"), "words": "正是他管"},
    )
    assert "已提出异议" in objected.text

    supervisor = await site.staff(Role.SUPERVISOR)
    page = await supervisor.get("/objections")
    assert "正是他管" in page.text
    (path,) = [one for one in page.html.split('"') if one.startswith("/objections/")]
    done = await supervisor.post(path, {"upheld": "yes", "words": "属于他分管，应当安排"})
    assert "没有待决定的异议" in done.text
    again = await villager.post("/query", {"code": case.query_code})
    assert "属于他分管，应当安排" in again.text
    assert "异议成立，应当安排" in again.text


async def test_the_pages_of_a_refusal_are_free_of_barriers(site: Site, chromium: Chromium) -> None:
    case = await cases.register(site.db, draft=draft(), actor=CLERK, now=site.clock.now())
    wanted = (await open_day(site.db, site.place.leader_id))[0]
    instead = (await open_day(site.db, site.place.other_leader_id))[0]
    clerk = await at_desk(site, chromium, KEPT, Role.CLERK)
    page = clerk.page
    await page.goto(f"{site.url}/booking/new?case={case.id}&day={wanted.day_id}&slot={wanted.id}")
    await page.get_by_text("这个时段不予安排，另给一个").click()
    await axe(page)
    await page.select_option("#reason", "outside_portfolio")
    await page.select_option("#alternative", instead.id)
    await page.get_by_role("button", name="不予安排").click()
    await expect(page.get_by_role("heading", name="没有安排的接访")).to_be_visible()
    await axe(page)
    await clerk.picture("decline-1-case", whole=True)
    await page.get_by_role("button", name="信访人提出异议").click()
    await page.get_by_role("button", name="退出").click()
    supervisor = await at_desk(site, chromium, KEPT, Role.SUPERVISOR)
    await supervisor.page.goto(f"{site.url}/objections")
    await axe(supervisor.page)
    await supervisor.picture("decline-2-objections", whole=True)
    villager = await at_desk(site, chromium, KEPT, None)
    await villager.page.goto(f"{site.url}/query")
    await villager.page.fill("#code", case.query_code)
    await villager.page.get_by_role("button", name="查询", exact=True).click()
    await expect(villager.page.get_by_role("heading", name="没有安排的接访")).to_be_visible()
    await axe(villager.page)
    for person in (clerk, supervisor, villager):
        person.check()
