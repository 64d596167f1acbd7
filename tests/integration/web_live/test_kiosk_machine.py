"""A real Chromium as a kiosk of the real application: set up, proved, wiped, restarted, stopped."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, async_playwright, expect

from reception.domain.codes import Role
from reception.domain.kiosks import KioskState
from reception.services import booking, kiosks
from reception.services.booking import BookingView, BookRequest
from tests.build import ADMIN, CLERK, NOW, draft, open_day
from tests.e2e.browser import FLAGS, LAPTOP, PORTRAIT, Person, axe, executable, sit_down
from tests.e2e.server import free_port
from tests.integration.web.site import PASSWORD, Site, open_site

DOOR = r"40[13] \((Unauthorized|Forbidden)\)"
"""Chromium writes every refusal of a fetch to the console."""

# All a person could leave behind in the browser.
LEFT = """async () => {
  const databases = await indexedDB.databases();
  const stored = await new Promise(resolve => {
    const opening = indexedDB.open('kiosk', 1);
    opening.onsuccess = () => {
      const all = opening.result.transaction('keys').objectStore('keys').getAll();
      all.onsuccess = () => resolve(all.result.map(one => ({
        fields: Object.keys(one).sort(), extractable: one.key.extractable, type: one.key.type})));
    };
  });
  return {local: localStorage.length, session: sessionStorage.length, caches: await caches.keys(),
    databases: databases.map(one => one.name), stored, text: document.body.innerText};
}"""


@pytest.fixture
async def site(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """The application at an address of its own."""
    async with open_site(sqlite_database_url, tmp_path, port=free_port()) as opened:
        yield opened


@pytest.fixture
async def booked(site: Site) -> BookingView:
    """吴某's booking with 领导甲, today at 09:00, which is now."""
    slots = await open_day(site.db, site.place.leader_id)
    request = BookRequest(slot_id=slots[0].id, site_id=site.place.site_id, draft=draft())
    return await booking.book(
        site.db, request=request, actor=CLERK, idempotency_key=None, now=site.clock.now()
    )


async def address(site: Site) -> str:
    """What enrols a browser as the site's kiosk."""
    made = await kiosks.new_code(
        site.db, kiosk_id=site.place.device.kiosk_id, approved=True, now=site.clock.now()
    )
    return f"{site.url}/kiosk/enrol#code={made.code}"


async def sit(chromium: Chromium, site: Site, pictures: Path, start: str = "/kiosk") -> Person:
    """A browser nobody has enrolled."""
    person = await sit_down(
        chromium, "kiosk", pictures=pictures, viewport=PORTRAIT, expected=(DOOR,)
    )
    await person.page.goto(start if start.startswith("http") else f"{site.url}{start}")
    return person


async def check_in(page: Page, code: str) -> None:
    """Type the code and be greeted."""
    await page.locator("#begin").click()
    for digit in code:
        await page.locator(f'#pad [data-digit="{digit}"]').click()
    await expect(page.locator("#greet-title")).to_contain_text("吴**")


async def test_a_machine_is_set_up_by_two_people_who_compare_six_words(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    kiosk_id = await kiosks.create_kiosk(
        site.db, site_id=site.place.site_id, name="二号终端", now=NOW
    )
    made = await kiosks.new_code(site.db, kiosk_id=kiosk_id, by=ADMIN, now=NOW)
    machine = await sit(chromium, site, tmp_path)
    page = machine.page
    await expect(page.locator("#door-title")).to_have_text("本机还没有启用")
    await axe(page)
    await machine.picture("door")
    await page.locator("#door-set-up a").click()
    await axe(page)
    await page.locator("#code").fill("ABCD-EFGHJ-KLMNP")
    await page.locator("#enrol").click()
    await expect(page.locator("#enrol-refusal")).to_contain_text("启用码不对")
    await machine.picture("enrol")
    await page.locator("#code").fill(made.code.lower())
    await page.locator("#enrol").click()
    await expect(page.locator("#words li")).to_have_count(6)
    await axe(page)
    await machine.picture("words")
    shown = await page.locator("#words li").all_inner_texts()
    standing = await kiosks.kiosk(site.db, kiosk_id=kiosk_id, by=ADMIN)
    assert tuple(shown) == standing.words

    desk = await sit_down(chromium, "admin", pictures=tmp_path, viewport=LAPTOP)
    await desk.page.goto(f"{site.url}/login")
    await desk.page.locator("input[name=login]").fill(await site.account(Role.SYSADMIN))
    await desk.page.locator("input[name=password]").fill(PASSWORD)
    await desk.page.locator("input[name=password]").press("Enter")
    await desk.page.goto(f"{site.url}/kiosks")
    await axe(desk.page)
    await desk.picture("admin-kiosks")
    await desk.page.get_by_role("link", name="二号终端").first.click()
    await axe(desk.page)
    await desk.picture("admin-compare", whole=True)
    await desk.page.get_by_role("button", name="一样，同意启用").click()
    await expect(page.locator("#idle-title")).to_be_visible(timeout=15_000)
    await desk.page.get_by_role("button", name="生成新的启用码").click()
    await expect(desk.page.locator(".enrolment-code")).to_be_visible()
    await axe(desk.page)
    await desk.picture("admin-code", whole=True)
    machine.check()
    desk.check()


async def test_a_code_in_the_address_leaves_it_before_anything_else(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    asked: list[str] = []
    machine = await sit_down(chromium, "kiosk", pictures=tmp_path, viewport=PORTRAIT)
    machine.page.on("request", lambda request: asked.append(request.url))
    start = await address(site)
    await machine.page.goto(start)
    await expect(machine.page.locator("#idle-title")).to_be_visible()
    code = start.partition("#code=")[2]
    assert [url for url in asked if code in url.partition("#")[0]] == []
    assert "#" not in machine.page.url
    await machine.page.go_back()
    assert code not in machine.page.url


async def test_after_a_turn_nothing_of_the_person_is_left_and_the_key_still_is(
    site: Site, booked: BookingView, chromium: Chromium, tmp_path: Path
) -> None:
    machine = await sit(chromium, site, tmp_path, await address(site))
    page = machine.page
    await expect(page.locator("#idle-title")).to_be_visible()
    await page.goto(f"{site.url}/kiosk?lang=en")
    await check_in(page, booked.code)
    await page.evaluate(
        """async () => {
          localStorage.setItem('note', '吴某');
          sessionStorage.setItem('seat:x', 'resume');
          await (await caches.open('c')).put('/x', new Response('吴某'));
        }"""
    )
    before = {cookie["name"] for cookie in await machine.context.cookies()}
    assert before == {"kid", "turn", "lang"}
    async with page.expect_navigation():
        await page.locator("#not-me").click()
    await expect(page.locator("#idle-title")).to_have_text("坐下来，和领导面对面谈")

    cookies = {cookie["name"] for cookie in await machine.context.cookies()}
    assert cookies == {"kid"}
    left: dict[str, Any] = await page.evaluate(LEFT)
    assert (left["local"], left["session"], left["caches"]) == (0, 0, [])
    assert left["databases"] == ["kiosk"]
    assert left["stored"] == [
        {"fields": ["key", "kioskId"], "extractable": False, "type": "private"}
    ]
    assert "吴" not in left["text"]
    for _ in range(3):
        await page.go_back()
        assert "吴" not in await page.evaluate("document.body.innerText")
    await page.goto(f"{site.url}/kiosk")
    await expect(page.locator("#idle-title")).to_be_visible()


async def test_the_key_cannot_be_taken_out_of_the_browser(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    machine = await sit(chromium, site, tmp_path, await address(site))
    await expect(machine.page.locator("#idle-title")).to_be_visible()
    refused = await machine.page.evaluate(
        """async () => {
          const opening = indexedDB.open('kiosk', 1);
          const db = await new Promise(done => opening.onsuccess = () => done(opening.result));
          const one = db.transaction('keys').objectStore('keys').get('identity');
          const {key} = await new Promise(done => one.onsuccess = () => done(one.result));
          const names = [];
          for (const form of ['pkcs8', 'jwk', 'raw'])
            await crypto.subtle.exportKey(form, key).catch(error => names.push(error.name));
          return names;
        }"""
    )
    assert len(refused) == 3
    assert refused[:2] == ["InvalidAccessError"] * 2


async def test_a_restarted_browser_is_the_same_kiosk_and_no_clone(
    site: Site, tmp_path: Path
) -> None:
    start = await address(site)
    async with async_playwright() as playwright:
        for number in range(3):
            context = await playwright.chromium.launch_persistent_context(
                tmp_path / "profile", executable_path=executable(), args=[*FLAGS]
            )
            page = context.pages[0]
            await page.goto(start if number == 0 else f"{site.url}/kiosk")
            await expect(page.locator("#idle-title")).to_be_visible(timeout=15_000)
            await page.reload()
            await expect(page.locator("#idle-title")).to_be_visible()
            await context.close()
    standing = await kiosks.kiosk(site.db, kiosk_id=site.place.device.kiosk_id, by=ADMIN)
    assert standing.state is KioskState.ENROLLED


async def test_a_revoked_kiosk_tells_people_where_to_go(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    machine = await sit(chromium, site, tmp_path, await address(site))
    page = machine.page
    await expect(page.locator("#idle-title")).to_be_visible()
    kiosk_id = site.place.device.kiosk_id
    await kiosks.revoke(site.db, kiosk_id=kiosk_id, by=ADMIN, now=site.clock.now())
    await page.reload()
    await expect(page.locator("#door-words")).to_contain_text("这台终端已停用")
    await expect(page.locator("#door-words")).to_contain_text("0579-1")
    await axe(page)
    await machine.picture("revoked")
    await page.goto(f"{site.url}/kiosk?lang=en")
    await expect(page.locator("#door-words")).to_contain_text("out of service")
