"""The pages in a browser: nothing axe finds wrong, no console error, and what only a browser does."""

import asyncio
import io
import re
from fractions import Fraction
from pathlib import Path

import av
import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from reception.domain.codes import Role
from reception.services import booking, cases
from tests.build import draft, open_day
from tests.e2e.browser import LAPTOP, Person, axe, sit_down
from tests.integration.web.site import PASSWORD, Site
from tests.integration.web.talks import SECONDS, Talk, hold
from tests.security.files import docx, photograph_with_place

PHONE = (390, 844)
FRAMES_A_SECOND = 10


def moving_picture() -> bytes:
    """A small WebM whose picture gets lighter from frame to frame."""
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=FRAMES_A_SECOND)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for number in range(SECONDS * FRAMES_A_SECOND):
            frame = av.VideoFrame(160, 90, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([number]) * plane.buffer_size)
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_A_SECOND)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


async def at_desk(
    site: Site,
    chromium: Chromium,
    pictures: Path,
    role: Role | None,
    viewport: tuple[int, int] = LAPTOP,
    expected: tuple[str, ...] = (),
) -> Person:
    """Seat somebody, logged in unless `role` is None."""
    person = await sit_down(
        chromium, "desk", pictures=pictures, viewport=viewport, expected=expected
    )
    if role is not None:
        await person.page.goto(f"{site.url}/login")
        await person.page.fill("#login", await site.account(role))
        await person.page.fill("#password", PASSWORD)
        await person.page.click("main button")
        await expect(person.page.locator("form[action='/logout']")).to_be_visible()
    return person


async def is_within_the_window(page: Page) -> bool:
    """Tell whether nothing sticks out to the side."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_staff_page_is_free_of_barriers(
    site: Site, chromium: Chromium, tmp_path: Path, language: str
) -> None:
    talk = await hold(site, tmp_path, content=moving_picture())
    slots = await open_day(site.db, site.place.other_leader_id)
    held = (
        await booking.today(
            site.db,
            actor=site.place.clerk,
            day=slots[0].starts_at.date(),
            now=site.clock.now(),
        )
    )[0]
    desk = await at_desk(site, chromium, tmp_path, Role.CLERK)
    for path in (
        "/clerk",
        f"/clerk?day={slots[0].starts_at.date()}",
        f"/clerk/sessions/{talk.session_id}/preparation",
        "/booking",
        f"/booking/days/{slots[0].day_id}",
        f"/booking/new?day={slots[0].day_id}&slot={slots[0].id}",
        f"/booking/{held.id}",
        "/cases",
        f"/cases/{talk.case_id}",
        "/planning",
        f"/planning/{site.place.leader_id}",
    ):
        joint = "&" if "?" in path else "?"
        await desk.page.goto(f"{site.url}{path}{joint}lang={language}")
        await axe(desk.page)
        assert await is_within_the_window(desk.page), path
    await desk.context.close()
    desk.check()
    leader = await at_desk(site, chromium, tmp_path, Role.LEADER)
    for path in (f"/cases/{talk.case_id}", f"/sessions/{talk.session_id}/recordings"):
        await leader.page.goto(f"{site.url}{path}?lang={language}")
        await axe(leader.page)
        assert await is_within_the_window(leader.page), path
    await leader.context.close()
    leader.check()


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE])
async def test_every_public_page_is_free_of_barriers(
    site: Site, chromium: Chromium, tmp_path: Path, viewport: tuple[int, int]
) -> None:
    (slot, *_) = await open_day(site.db, site.place.leader_id)
    visitor = await at_desk(site, chromium, tmp_path, None, viewport, expected=("404 .Not Found",))
    for path in (
        "/login",
        "/calendar?month=2026-03",
        f"/calendar/{slot.day_id}",
        "/query",
        "/nothing-here",
    ):
        await visitor.page.goto(f"{site.url}{path}")
        await axe(visitor.page)
        assert await is_within_the_window(visitor.page), path
    await visitor.context.close()
    visitor.check()


async def test_the_administrators_page_is_free_of_barriers(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    desk = await at_desk(site, chromium, tmp_path, Role.SYSADMIN)
    await desk.page.goto(f"{site.url}/admin")
    await axe(desk.page)
    await desk.context.close()
    desk.check()


async def test_a_clerk_books_by_keyboard_and_ten_presses(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    await open_day(site.db, site.place.leader_id)
    desk = await at_desk(site, chromium, tmp_path, Role.CLERK)
    page = desk.page
    presses = 0

    async def press(selector: str) -> None:
        nonlocal presses
        presses += 1
        await page.locator(selector).first.click()

    await page.goto(f"{site.url}/clerk")
    await press("a[href='/booking'].button")
    await press(".free a.slot")
    await press("#petitioner_name")
    await page.keyboard.type("赵桂香")
    await page.locator("#category").select_option("agriculture")
    presses += 2
    await press("#summary")
    await page.keyboard.type("村口水渠断水三个月")
    await press("main button.button")
    await page.wait_for_url("**/booking/*")
    await expect(page.locator(".slip__code .code")).to_have_text(re.compile(r"^\d{3} \d{3}$"))
    assert presses <= 10
    await page.emulate_media(media="print")
    await expect(page.locator(".masthead")).to_be_hidden()
    await expect(page.locator(".slip")).to_be_visible()
    await desk.context.close()
    desk.check()


async def test_a_scanned_code_is_looked_up_and_leaves_the_address(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    talk = await hold(site, tmp_path)
    visitor = await at_desk(site, chromium, tmp_path, None)
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    await visitor.page.goto(f"{site.url}/query#{talk.query_code}")
    await expect(visitor.page.locator("#status")).to_have_text("已交办")
    await axe(visitor.page)
    assert talk.query_code not in visitor.page.url
    assert not [url for url in asked if talk.query_code in url.partition("#")[0]]
    await visitor.context.close()
    visitor.check()


async def test_all_participants_play_in_step(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    talk: Talk = await hold(site, tmp_path, content=moving_picture())
    desk = await at_desk(site, chromium, tmp_path, Role.LEADER)
    page = desk.page
    await page.goto(f"{site.url}/sessions/{talk.session_id}/recordings")
    times = "[...document.querySelectorAll('video')].map(video => video.currentTime)"
    await page.click("[data-play]")
    shown = page.locator("[data-time]")
    await expect(shown).to_have_text(re.compile("^0:0[1-4] "))
    first, second = await page.evaluate(times)
    assert abs(first - second) < 0.3
    await page.locator("[data-seek]").fill("5000")
    await expect(shown).to_have_text(re.compile("^0:0[5-7] "))
    await page.click("[data-play]")
    await expect(page.locator("[data-play]")).to_have_attribute("aria-pressed", "false")
    await page.click("[data-jump]")
    assert await page.evaluate(times) == [2, 2]
    await expect(shown).to_have_text("0:02 / 0:08")
    await expect(page.locator("[data-failed]")).to_be_hidden()
    await desk.context.close()
    desk.check()


async def test_who_watches_is_written_over_each_picture(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    talk = await hold(site, tmp_path, content=moving_picture())
    desk = await at_desk(site, chromium, tmp_path, Role.LEADER)
    page = desk.page
    await page.goto(f"{site.url}/sessions/{talk.session_id}/recordings")
    await page.click("[data-play]")
    await expect(page.locator("[data-time]")).to_have_text(re.compile("^0:0[1-4] "))
    marks = page.locator(".watermark")
    await expect(marks).to_have_count(await page.locator("video").count())
    for number in range(await marks.count()):
        mark = marks.nth(number)
        await expect(mark).to_be_visible()
        for words in ("接访领导（演示）", "330726-2026-000001", "2026年3月10日 星期二 09:00"):
            await expect(mark).to_contain_text(words)
        over = await mark.bounding_box()
        under = await page.locator("video").nth(number).bounding_box()
        assert over is not None
        assert under is not None
        assert (round(over["width"]), round(over["height"])) == (
            round(under["width"]),
            round(under["height"]),
        )
    await desk.picture("watched")
    await desk.context.close()
    desk.check()


async def test_a_clerk_adds_a_photograph_and_is_told_what_is_not_taken(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    case = await cases.register(
        site.db, draft=draft(), actor=site.place.clerk, now=site.clock.now()
    )
    good, bad = tmp_path / "水渠断流 现场（一）.jpg", tmp_path / "报价.docx"
    good.write_bytes(photograph_with_place())
    bad.write_bytes(docx({"word/vbaProject.bin": b"x"}))
    desk = await at_desk(site, chromium, tmp_path, Role.CLERK, expected=("422",))
    page = desk.page
    await page.goto(f"{site.url}/cases/{case.id}")
    await expect(page.get_by_text("还没有附件。")).to_be_visible()
    await page.set_input_files("#file", bad)
    await page.get_by_role("button", name="添加附件").click()
    await expect(page.get_by_role("alert")).to_contain_text("宏")
    await expect(page.locator("#file")).to_be_focused()
    await page.set_input_files("#file", good)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    link = page.get_by_role("link", name="水渠断流 现场（一）.jpg")
    await expect(link).to_be_visible()
    assert await is_within_the_window(page)
    await desk.picture("attachment", whole=True)
    async with page.expect_download() as waiting:
        await link.click()
    download = await waiting.value
    assert download.suggested_filename == "水渠断流 现场（一）.jpg"
    assert b"CANARY" not in (await asyncio.to_thread((await download.path()).read_bytes))
    await axe(page)
    desk.check()
