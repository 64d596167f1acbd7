"""Taking a case out at the desk: a fresh proof, a download, and a mark on what a browser prints."""

import json
from datetime import timedelta
from pathlib import Path

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from reception.domain.codes import Role
from tests.e2e.browser import axe
from tests.integration.web.site import Site
from tests.integration.web.talks import hold
from tests.integration.web.test_in_chromium import at_desk
from tests.pdf_text import pdf_pages


async def test_it_is_taken_with_a_fresh_proof_and_comes_as_a_download(
    site: Site, tmp_path: Path
) -> None:
    talk = await hold(site, tmp_path)
    clerk = await site.staff(Role.CLERK)
    path = f"/cases/{talk.case_id}/file"
    assert path in (await clerk.get(f"/cases/{talk.case_id}")).links("/cases/")
    assert (await clerk.get(path)).path == path
    form = {"csrf": clerk.csrf, "purpose": "handling"}
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = await clerk.raw("POST", path, data=form, headers=headers)
    assert (answer.status, answer.content_type) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "330726-2026-000001" in pdf_pages(await answer.read())[0]
    copy = form | {"purpose": "petitioner_copy", "format": "json"}
    answer = await clerk.raw("POST", path, data=copy, headers=headers)
    assert json.loads(await answer.read())["page"]["case"]["case_no"] == "330726-2026-000001"
    site.clock.advance(timedelta(minutes=16))
    assert (await clerk.get(path)).path == "/confirm"
    refused = await clerk.raw(
        "POST", path, data=form, headers=headers | {"Accept": "application/json"}
    )
    assert (await refused.json(content_type=None))["code"] == "proof_needed"
    leader = await site.staff(Role.LEADER)
    assert "交给信访人的副本" not in (await leader.get(path)).text


async def test_the_page_is_free_of_barriers_and_gives_the_file(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    talk = await hold(site, tmp_path)
    desk = await at_desk(site, chromium, tmp_path, Role.CLERK)
    await desk.page.goto(f"{site.url}/cases/{talk.case_id}")
    await desk.page.click("text=打印或导出")
    await expect(desk.page.locator("h1")).to_have_text("打印或导出")
    await desk.picture("case-file")
    await axe(desk.page)
    await desk.page.select_option("#purpose", "archive")
    async with desk.page.expect_download() as waiting:
        await desk.page.click("section[aria-labelledby=work] button")
    download = await waiting.value
    assert download.suggested_filename == "330726-2026-000001.pdf"
    assert "归入纸质案卷" in pdf_pages((await download.path()).read_bytes())[0]


async def test_a_case_that_a_browser_prints_carries_who_printed_it(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    talk = await hold(site, tmp_path)
    desk = await at_desk(site, chromium, tmp_path, Role.CLERK)
    for path in ("/cases", f"/cases/{talk.case_id}"):
        await desk.page.goto(f"{site.url}{path}")
        mark = desk.page.locator(".print-mark")
        await expect(mark).to_be_hidden()
        await desk.page.emulate_media(media="print")
        await expect(mark).to_be_visible()
        await expect(mark).to_contain_text("登记员（演示） 2026年3月10日 星期二")
        await desk.picture(f"print{path.count('/')}")
        await desk.page.emulate_media(media="screen")
