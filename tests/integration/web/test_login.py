"""Logging in, landing where one's work is, logging out."""

import pytest

from reception.domain.codes import Role
from tests.integration.web.site import Site


@pytest.mark.parametrize(
    ("role", "home"),
    [
        (Role.CLERK, "/clerk"),
        (Role.HANDLER, "/cases"),
        (Role.LEADER, "/leader"),
        (Role.SYSADMIN, "/admin"),
    ],
)
async def test_each_role_lands_on_its_page(site: Site, role: Role, home: str) -> None:
    browser = await site.browser()
    page = await browser.log_in(await site.account(role))
    assert page.path == home
    assert page.status == 200
    assert (await browser.get("/")).path == home


async def test_a_wrong_password_says_so_and_keeps_the_name(site: Site) -> None:
    login = await site.account(Role.CLERK)
    browser = await site.browser()
    page = await browser.log_in(login, "wrong horse battery staple")
    assert page.status == 401
    assert page.value("login") == login
    assert "wrong horse" not in page.html
    assert 'role="alert"' in page.html


async def test_after_the_log_in_one_is_where_one_wanted_to_go(site: Site) -> None:
    login = await site.account(Role.CLERK)
    browser = await site.browser()
    form = await browser.get("/cases")
    assert form.path == "/login"
    page = await browser.log_in(login, target=form.value("next"))
    assert page.path == "/cases"


async def test_logging_out_ends_the_session_itself(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    page = await browser.post("/logout")
    assert page.path == "/login"
    assert (await browser.get("/clerk")).path == "/login"


async def test_an_idle_session_ends(site: Site) -> None:
    from datetime import timedelta

    browser = await site.staff(Role.CLERK)
    site.clock.advance(timedelta(minutes=31))
    assert (await browser.get("/clerk")).path == "/login"


async def test_too_many_tries_say_when_to_try_again(site: Site) -> None:
    login = await site.account(Role.CLERK)
    browser = await site.browser()
    statuses = [(await browser.log_in(login, "wrong horse battery")).status for _ in range(7)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
