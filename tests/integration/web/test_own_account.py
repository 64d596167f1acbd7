"""One's own account in the browser: what has to be set up first, and ending a log-in elsewhere."""

import dataclasses
import re
from pathlib import Path

import pyotp
import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser as Chromium

from reception.domain.codes import Role
from tests.e2e.browser import axe
from tests.integration.web.site import PASSWORD, Site
from tests.integration.web.test_in_chromium import at_desk
from web.app import create_app
from web.keys import CONTEXT

OWN = "A password of One's own 7"


async def test_who_was_given_a_password_chooses_another_before_anything_else(site: Site) -> None:
    security = await site.staff(Role.SECADMIN)
    wish = {"login": "new", "name": "新来的", "role": "clerk", "area_code": "330726"}
    page = await security.post("/accounts", wish)
    given = re.search(r"<code>([a-z0-9-]+)</code>", page.html)
    assert given is not None
    browser = await site.browser()
    page = await browser.log_in("new", given[1])
    assert page.path == "/me/password"
    for path in ("/clerk", "/cases", "/booking"):
        assert (await browser.get(path)).path == "/me/password"
    told = await browser.raw("GET", "/api/v1/cases", headers={"Accept": "application/json"})
    assert (told.status, (await told.json(content_type=None))["code"]) == (
        403,
        "password_change_needed",
    )
    page = await browser.post("/me/password", {"old": given[1], "new": "too short"})
    assert page.status == 400
    page = await browser.post("/me/password", {"old": given[1], "new": OWN})
    assert page.path == "/clerk"


async def test_where_a_second_factor_is_asked_for_nobody_works_without_one(site: Site) -> None:
    context = dataclasses.replace(site.app[CONTEXT], second_factor_required=True)
    server = TestServer(create_app(context), host="127.0.0.1")
    await server.start_server()
    site.server, old = server, site.server
    try:
        login = await site.account(Role.CLERK)
        browser = await site.browser()
        page = await browser.log_in(login)
        assert page.path == "/me/factor"
        assert (await browser.get("/cases")).path == "/me/factor"
        secret = page.value("secret")
        page = await browser.post("/me/factor", {"secret": secret, "code": "000000"})
        assert page.status == 401
        assert page.value("secret") == secret
        app = pyotp.TOTP(secret)
        page = await browser.post(
            "/me/factor", {"secret": secret, "code": app.at(site.clock.now())}
        )
        codes = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", page.html)
        assert len(codes) == 10
        assert (await browser.get("/clerk")).path == "/clerk"

        other = await site.browser()
        page = await other.log_in(login, target="/cases")
        assert "第二重验证" in page.text
        pending = page.value("pending")
        page = await other.post("/login/code", {"pending": pending, "code": "000000"})
        assert page.status == 401
        page = await other.post(
            "/login/code", {"pending": pending, "code": codes[0], "next": "/cases"}
        )
        assert page.path == "/cases"
    finally:
        await server.close()
        site.server = old


async def test_a_log_in_ended_elsewhere_is_over_with_the_next_step(site: Site) -> None:
    login = await site.account(Role.CLERK)
    here, there = await site.browser(), await site.browser()
    await there.log_in(login)
    await here.log_in(login)
    page = await here.get("/me/sessions")
    (end, *_) = [
        form
        for form, row in zip(
            re.findall(r'action="(/me/sessions/[0-9a-f]{32}/end)"', page.html),
            page.html.split("<tr>")[2:],
            strict=True,
        )
        if "本机" not in row
    ]
    await here.post(end)
    assert (await there.get("/clerk")).path == "/login"
    assert (await here.get("/clerk")).path == "/clerk"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_pages_of_accounts_are_free_of_barriers(
    site: Site, chromium: Chromium, tmp_path: Path, language: str
) -> None:
    login = await site.account(Role.CLERK)
    desk = await at_desk(site, chromium, tmp_path, Role.SECADMIN)
    await desk.page.goto(f"{site.url}/accounts")
    one = await desk.page.get_by_role("link", name=login, exact=True).get_attribute("href")
    paths = ("/accounts", one, "/keeping", "/me/sessions", "/me/password", "/me/factor")
    for path in paths:
        await desk.page.goto(f"{site.url}{path}?lang={language}")
        await axe(desk.page)
        await desk.picture((path or "").strip("/").replace("/", "-")[:20], whole=True)
    await desk.context.close()
    desk.check()
    assert PASSWORD not in str(paths)


async def test_who_lost_the_second_factor_to_an_administrator_is_told_with_the_next_log_in(
    site: Site,
) -> None:
    login = await site.account(Role.CLERK)
    browser = await site.browser()
    await browser.log_in(login)
    page = await browser.get("/me/factor")
    secret = page.value("secret")
    code = pyotp.TOTP(secret).at(site.clock.now())
    await browser.post("/me/factor", {"secret": secret, "code": code})
    security = await site.staff(Role.SECADMIN)
    listed = await security.get("/accounts")
    found = re.search(rf'href="(/accounts/\w+)">{login}<', listed.html)
    assert found is not None
    await security.post(f"{found[1]}/factor")
    page = await browser.log_in(login)
    assert page.path == "/me/factor"
    assert "2026年3月10日 星期二 09:00解除了您的第二重验证" in page.text
    page = await (await site.browser()).log_in(login)
    assert page.path == "/clerk"
