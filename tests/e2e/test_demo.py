"""`reception demo` starts for a stranger, tells them what to open, and ends without a trace."""

from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.browser import axe
from tests.e2e.conftest import SeatPerson
from tests.e2e.server import DemoServer, answers, demo


def test_the_demo_is_ready_and_says_where_to_go(demo_server: DemoServer) -> None:
    assert answers(f"{demo_server.url}/readyz")
    note = demo_server.demo
    assert {person["login"] for person in note["people"]} >= {"admin", "clerk", "leader"}
    assert all(person["password"] for person in note["people"])
    assert note["kiosks"]
    assert note["bookings"]
    written = demo_server.log.read_text(encoding="utf-8")
    for booking in note["bookings"]:
        assert booking["code"] in written


def test_a_second_start_takes_up_the_same_demo(tmp_path: Path) -> None:
    with demo(tmp_path / "data") as first:
        people = first.demo["people"]
    with demo(tmp_path / "data") as second:
        assert [person["password"] for person in second.demo["people"]] == [
            person["password"] for person in people
        ]
        assert second.demo["bookings"], "somebody must be able to check in now"
        port = urlsplit(second.url).port
        assert {urlsplit(kiosk["url"]).port for kiosk in second.demo["kiosks"]} == {port}


def test_the_demo_speaks_https_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    with demo(tmp_path / "data", https=True) as server:
        assert server.url.startswith("https://")
        assert answers(f"{server.url}/readyz")


async def test_whoever_logs_in_lands_on_a_page_without_a_flaw(
    demo_server: DemoServer, person: SeatPerson
) -> None:
    for one in demo_server.demo["people"]:
        somebody = await person(one["name"])
        await somebody.page.goto(f"{demo_server.url}/login")
        await somebody.page.locator("input[name=login]").fill(one["login"])
        await somebody.page.locator("input[name=password]").fill(one["password"])
        await somebody.page.locator("input[name=password]").press("Enter")
        await somebody.page.wait_for_url(lambda url: not url.endswith("/login"))
        await axe(somebody.page)


async def test_the_public_calendar_needs_no_login_and_has_no_flaw(
    demo_server: DemoServer, person: SeatPerson
) -> None:
    villager = await person("villager")
    answer = await villager.page.goto(f"{demo_server.url}/calendar")
    assert answer is not None
    assert answer.status == 200
    await axe(villager.page)
