"""A security key in a real browser: set up, asked for at the log-in and at the confirmation."""

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer, unused_port
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from reception.domain.codes import Role
from tests.e2e.browser import Person, axe, sit_down
from tests.integration.web.site import PASSWORD, Site
from web.app import create_app
from web.keys import CONTEXT


@pytest.fixture
async def address(site: Site) -> AsyncIterator[str]:
    """The same site under a name, asking everybody for a second factor."""
    port = unused_port()
    url = f"http://localhost:{port}"
    context = dataclasses.replace(site.app[CONTEXT], base_url=url, second_factor_required=True)
    server = TestServer(create_app(context), host="127.0.0.1", port=port)
    await server.start_server()
    yield url
    await server.close()


async def plug_in(person: Person) -> None:
    """Give the person's browser a key that its owner always unlocks."""
    devtools = await person.context.new_cdp_session(person.page)
    await devtools.send("WebAuthn.enable")
    await devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "usb",
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


async def log_in(page: Page, address: str, login: str) -> None:
    await page.goto(f"{address}/login")
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")


async def test_a_leader_works_with_a_key_and_only_with_one(
    site: Site, address: str, chromium: Chromium, tmp_path: Path
) -> None:
    login = await site.account(Role.LEADER)
    leader = await sit_down(chromium, "leader", pictures=tmp_path)
    await plug_in(leader)
    page = leader.page
    await log_in(page, address, login)
    await page.wait_for_url("**/me/factor")
    await axe(page)
    await leader.picture("key-none", whole=True)
    await expect(page.locator("#app")).to_have_count(0)
    await page.goto(f"{address}/leader")
    await page.wait_for_url("**/me/factor")

    await page.get_by_role("button", name="绑定安全密钥").click()
    await expect(page.get_by_role("heading", name="备用码")).to_be_visible()
    await axe(page)
    await leader.picture("key-recovery", whole=True)
    await page.get_by_role("link", name="抄好了，继续").click()
    await page.wait_for_url("**/leader")
    await page.goto(f"{address}/me/factor")
    await axe(page)
    await leader.picture("key-one", whole=True)

    await page.get_by_role("button", name="退出").click()
    await log_in(page, address, login)
    await expect(page.get_by_role("heading", name="第二重验证")).to_be_visible()
    await axe(page)
    await leader.picture("key-asked")
    await page.get_by_role("button", name="用安全密钥验证").press("Enter")
    await page.wait_for_url("**/leader")

    site.clock.advance(timedelta(minutes=16))
    await page.goto(f"{address}/me/factor")
    await page.wait_for_url("**/confirm?next=/me/factor")
    await axe(page)
    await leader.picture("key-confirm")
    await page.get_by_role("button", name="用安全密钥验证").click()
    await page.wait_for_url("**/me/factor")
    await leader.context.close()
    leader.check()


async def test_without_the_key_the_page_says_so_and_a_recovery_code_opens(
    site: Site, address: str, chromium: Chromium, tmp_path: Path
) -> None:
    login = await site.account(Role.SECADMIN)
    first = await sit_down(chromium, "first", pictures=tmp_path)
    await plug_in(first)
    await log_in(first.page, address, login)
    await first.page.get_by_role("button", name="绑定安全密钥").click()
    code = await first.page.locator("main code").first.inner_text()
    await first.context.close()
    first.check()

    other = await sit_down(chromium, "other", pictures=tmp_path)
    devtools = await other.context.new_cdp_session(other.page)
    await devtools.send("WebAuthn.enable")  # a machine without any key answers at once
    await log_in(other.page, address, login)
    button = other.page.get_by_role("button", name="用安全密钥验证")
    await button.evaluate(
        "() => { navigator.credentials.get = () => Promise.reject(new DOMException('no', 'NotAllowedError')); }"
    )
    await button.click()
    await expect(other.page.locator("[data-said]")).to_have_text("没有完成，请再按一次。")
    await expect(button).to_be_enabled()
    await axe(other.page)
    await other.page.fill("#code", code)
    await other.page.keyboard.press("Enter")
    await other.page.wait_for_url("**/accounts")
    await other.context.close()
    other.check()
