"""A screen found open does not give away recordings, accounts or the second factor."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium

from reception.domain.codes import Role
from tests.e2e.browser import axe
from tests.integration.web.site import PASSWORD, Site
from tests.integration.web.talks import hold
from tests.integration.web.test_in_chromium import at_desk

STALE = timedelta(minutes=16)


async def test_accounts_are_administered_with_a_fresh_proof_only(site: Site) -> None:
    clerk = await site.account(Role.CLERK)
    security = await site.staff(Role.SECADMIN)
    listed = await security.get("/accounts")
    one = next(link for link in listed.links("/accounts/") if f'"{link}">{clerk}<' in listed.html)
    site.clock.advance(STALE)
    page = await security.get("/accounts")
    assert page.path == "/confirm"
    page = await security.post("/confirm", {"proof": "guess", "next": "/accounts"})
    assert page.status == 401
    page = await security.post("/confirm", {"proof": PASSWORD, "next": "/accounts"})
    assert page.path == "/accounts"
    site.clock.advance(STALE)
    page = await security.post(f"{one}/disable", None, Referer=f"{site.url}{one}")
    assert page.path == "/confirm"
    assert page.value("next") == one
    page = await security.post("/confirm", {"proof": PASSWORD, "next": one})
    assert (page.path, "已停用" in page.text) == (one, False)


async def test_recordings_are_played_with_a_fresh_proof_only(site: Site, tmp_path: Path) -> None:
    talk = await hold(site, tmp_path)
    leader = await site.staff(Role.LEADER)
    path = f"/sessions/{talk.session_id}/recordings"
    assert (await leader.get(path)).path == path
    site.clock.advance(STALE)
    assert (await leader.get(path)).path == "/confirm"
    told = await leader.raw("GET", path, headers={"Accept": "application/json"})
    assert (told.status, (await told.json(content_type=None))["code"]) == (403, "proof_needed")
    page = await leader.post("/confirm", {"proof": PASSWORD, "next": path})
    assert page.path == path


@pytest.mark.parametrize("path", ["/me/factor"])
async def test_the_second_factor_is_changed_with_a_fresh_proof_only(site: Site, path: str) -> None:
    clerk = await site.staff(Role.CLERK)
    site.clock.advance(STALE)
    assert (await clerk.get(path)).path == "/confirm"
    assert (await clerk.post(path, {"secret": "A" * 32, "code": "000000"})).path == "/confirm"


async def test_everyday_work_asks_for_no_further_proof(site: Site) -> None:
    clerk = await site.staff(Role.CLERK)
    site.clock.advance(STALE)
    for path in ("/clerk", "/cases", "/booking", "/me/sessions", "/me/password"):
        assert (await clerk.get(path)).path == path


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_confirmation_is_free_of_barriers(
    site: Site, chromium: Chromium, tmp_path: Path, language: str
) -> None:
    desk = await at_desk(site, chromium, tmp_path, Role.SECADMIN)
    site.clock.advance(STALE)
    await desk.page.goto(f"{site.url}/accounts?lang={language}")
    assert "/confirm" in desk.page.url
    await axe(desk.page)
    await desk.picture(f"confirm-{language}")
    await desk.page.fill("#proof", PASSWORD)
    await desk.page.keyboard.press("Enter")
    await desk.page.wait_for_url("**/accounts")
    await desk.context.close()
    desk.check()
