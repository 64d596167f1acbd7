"""The eyes of the end-to-end tests see what they are there to see."""

import pytest
from playwright.async_api import Browser, Route

from tests.e2e.browser import LAPTOP, Person, Unkept, axe, sit_down
from tests.e2e.conftest import SeatPerson

GOOD = "<!doctype html><html lang=zh><title>好</title><main><h1>接访</h1><p>一切正常</p></main>"


async def visit(somebody: Person, page: str, *, csp: str = "default-src * 'unsafe-inline'") -> None:
    """Open a page at localhost: devices exist, and policies hold, only at a secure origin."""

    async def answer(route: Route) -> None:
        headers = {"Content-Security-Policy": csp}
        await route.fulfill(body=page, content_type="text/html", headers=headers)

    await somebody.page.route("http://localhost:9/", answer)
    await somebody.page.goto("http://localhost:9/")


@pytest.fixture
async def stranger(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody whose page may complain without failing the test."""
    return await sit_down(chromium, "stranger", pictures=tmp_path_factory.mktemp("pictures"))


async def test_a_kept_page_passes(person: SeatPerson) -> None:
    somebody = await person("villager")
    await somebody.page.set_content(GOOD)
    await axe(somebody.page)


async def test_an_accessibility_violation_is_named_with_its_element(stranger: Person) -> None:
    await stranger.page.set_content(GOOD.replace("<p>", "<button id=blank></button><p>"))
    with pytest.raises(Unkept, match=r"button-name[\s\S]*#blank"):
        await axe(stranger.page)


async def test_a_console_error_is_a_problem(stranger: Person) -> None:
    await stranger.page.evaluate("console.error('wrong')")
    with pytest.raises(Unkept, match="stranger: wrong"):
        stranger.check()


async def test_an_uncaught_exception_is_a_problem(stranger: Person) -> None:
    async with stranger.page.expect_event("pageerror"):
        await stranger.page.evaluate("setTimeout(() => { throw new Error('lost') })")
    with pytest.raises(Unkept, match=r"uncaught .*lost"):
        stranger.check()


async def test_a_csp_report_is_a_problem(stranger: Person) -> None:
    async with stranger.page.expect_console_message(lambda message: "CSP:" in message.text):
        await visit(stranger, GOOD + "<img alt='' src='/x.png'>", csp="img-src 'none'")
    with pytest.raises(Unkept, match=r"CSP: img-src refused http://localhost:9/x\.png"):
        stranger.check()


async def test_an_expected_complaint_is_let_go(person: SeatPerson) -> None:
    somebody = await person("leader", expected=("status of 409",))
    await somebody.page.evaluate("console.error('the server responded with a status of 409')")
    somebody.check()


async def test_people_have_fake_devices_of_their_own(person: SeatPerson) -> None:
    somebody = await person("villager", viewport=LAPTOP)
    await visit(somebody, GOOD)
    kinds = await somebody.page.evaluate(
        "navigator.mediaDevices.getUserMedia({audio: true, video: true})"
        ".then(stream => stream.getTracks().map(track => track.kind).sort())"
    )
    assert kinds == ["audio", "video"]


async def test_a_picture_is_taken_outside_the_documents(person: SeatPerson) -> None:
    somebody = await person("clerk")
    await somebody.page.set_content(GOOD)
    picture = await somebody.picture("page")
    assert picture.read_bytes().startswith(b"\x89PNG")
