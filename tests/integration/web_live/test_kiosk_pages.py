"""What the kiosk is told, and what it is not."""

import asyncio
import json
from datetime import timedelta

from aiohttp import ClientResponse
from yarl import URL

from reception.domain.codes import Role
from reception.domain.kiosks import proof_text
from reception.domain.sessions import SessionMove
from reception.services import kiosks, places, sessions
from reception.services.booking import BookingView
from tests.build import ADMIN
from tests.devices import ORIGIN, enrolled
from tests.integration.web.site import Browser, Site, prove
from web.api import OPERATIONS
from web.api.operation import PREFIX
from web.pages.kiosk import masked, qr_path

OPEN_TO_ALL = frozenset(
    {
        "/",
        "/login",
        "/login/code",
        "/login/key",
        "/login/key/options",
        "/calendar",
        "/calendar/{day_id}",
        "/calendar/feed.ics",
        "/calendar/month.pdf",
        "/query",
        "/query/agents/revoke",
        "/query/objections",
        "/healthz",
        "/readyz",
        "/metrics",
        "/csp-reports",
        "/ws",
        "/logout",
        f"{PREFIX}/openapi.json",
    }
)
"""Pages anybody may see, whoever asks; logging out ends nothing of a kiosk's."""


def json_body(csrf: str, **fields: object) -> dict[str, object]:
    """The options of a request as the kiosk's page sends it."""
    headers = {"Sec-Fetch-Site": "same-origin", "X-CSRF": csrf, "Accept": "application/json"}
    return {"json": fields, "headers": headers}


async def kiosk(site: Site) -> tuple[Browser, str]:
    """Make a browser into the kiosk; give it with the token its page carries."""
    browser = await site.browser()
    csrf = await prove(browser, site.place.device)
    page = await browser.get("/kiosk")
    assert page_data(page.html)["csrf"] == csrf
    return browser, csrf


def page_data(html: str) -> dict[str, str]:
    """What the kiosk's page carries for its script."""
    start = html.index('id="kiosk-data">') + len('id="kiosk-data">')
    found: dict[str, str] = json.loads(html[start : html.index("</script>", start)])
    return found


async def check_in(browser: Browser, csrf: str, code: str) -> ClientResponse:
    """Send a check-in code."""
    return await browser.raw("POST", "/kiosk/check-in", **json_body(csrf, code=code))


async def test_a_browser_that_signs_its_challenge_is_the_kiosk(site: Site) -> None:
    browser = await site.browser()
    await prove(browser, site.place.device)
    page = await browser.get("/kiosk")
    assert page.status == 200
    assert "坐下来，和领导面对面谈" in page.text


async def test_the_session_is_a_cookie_no_script_reads_and_no_other_site_sends(site: Site) -> None:
    browser = await site.browser()
    device = site.place.device
    headers = {"Sec-Fetch-Site": "same-origin"}
    who = {"kiosk_id": device.kiosk_id}
    asked = await browser.raw("POST", "/kiosk/challenge", json=who, headers=headers)
    challenge = (await asked.json())["challenge"]
    signature = device.sign(proof_text(ORIGIN, device.kiosk_id, challenge)).hex()
    proof = who | {"challenge": challenge, "signature": signature, "token": True}
    answer = await browser.raw("POST", "/kiosk/session", json=proof, headers=headers)
    cookie = answer.cookies["kid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Strict", "600")
    assert "token" not in await answer.json()
    headers["Accept"] = "application/json"
    replayed = await browser.raw("POST", "/kiosk/session", json=proof, headers=headers)
    assert (replayed.status, (await replayed.json(content_type=None))["code"]) == (
        401,
        "kiosk_proof_refused",
    )


async def test_a_machine_without_a_session_gets_the_page_that_proves_who_it_is(
    site: Site,
) -> None:
    browser = await site.browser()
    page = await browser.get("/kiosk")
    assert (page.status, "正在核对本机" in page.text) == (401, True)
    assert "签到" not in page.text


async def test_a_page_opened_at_another_address_is_told_ours(site: Site) -> None:
    browser = await site.browser()
    for origin, status in (
        ("http://127.0.0.1", 200),
        ("http://localhost", 200),
        ("http://10.0.0.9", 403),
        ("https://127.0.0.1", 403),
    ):
        answer = await browser.raw(
            "POST",
            "/kiosk/challenge",
            json={"kiosk_id": site.place.device.kiosk_id},
            headers={
                "Sec-Fetch-Site": "same-origin",
                "Origin": origin,
                "Accept": "application/json",
            },
        )
        assert answer.status == status, origin
        if status == 403:
            told = await answer.json(content_type=None)
            assert told["code"] == "kiosk_address"
            assert "http://127.0.0.1" in told["zh"]


async def test_many_machines_at_once_are_let_in_together_and_a_wrong_one_alone_is_not(
    site: Site,
) -> None:
    devices = []
    for number in range(20):
        kiosk_id = await kiosks.create_kiosk(
            site.db, site_id=site.place.site_id, name=f"{number}号", now=site.clock.now()
        )
        devices.append(await enrolled(site.db, kiosk_id, now=site.clock.now()))
    wrong = devices[7].copy()
    wrong._key = devices[8]._key
    everybody = [*devices, wrong]
    browsers = [await site.browser() for _ in everybody]
    proofs = [prove(browser, each) for browser, each in zip(browsers, everybody, strict=True)]
    answers = await asyncio.gather(*proofs, return_exceptions=True)
    assert [isinstance(answer, str) for answer in answers] == [True] * 20 + [False]
    pages = [await browser.get("/kiosk") for browser in browsers[:20]]
    assert {page.status for page in pages} == {200}


async def test_a_revoked_kiosk_is_refused_at_its_very_next_request(
    site: Site, booked: BookingView
) -> None:
    browser, csrf = await kiosk(site)
    device = site.place.device
    await kiosks.revoke(site.db, kiosk_id=device.kiosk_id, by=ADMIN, now=site.clock.now())
    answer = await check_in(browser, csrf, booked.code)
    told = await answer.json(content_type=None)
    assert (answer.status, told["code"]) == (403, "kiosk_revoked")
    assert "0579-1" in told["zh"]
    page = await browser.get("/kiosk")
    assert (page.status, "正在核对本机" in page.text) == (401, True)


async def test_a_kiosk_gets_nothing_but_its_own_pages_and_operations(site: Site) -> None:
    browser, csrf = await kiosk(site)
    asked = {"X-Kiosk": "1", "X-CSRF": csrf, "Sec-Fetch-Site": "same-origin"}
    asked["Accept"] = "application/json"
    own = {f"{PREFIX}{one.path}" for one in OPERATIONS if not one.roles or Role.KIOSK in one.roles}
    own |= OPEN_TO_ALL | {"/room/{session_id}/ticket"}
    seen = 0
    for route in site.app.router.routes():
        path = route.resource.canonical if route.resource else ""
        is_own = path in own or path.startswith(("/kiosk", "/static"))
        if is_own or route.method in ("HEAD", "*"):
            continue
        filled = "/".join("0" * 32 if part.startswith("{") else part for part in path.split("/"))
        for credential in (asked, {"Authorization": f"Kiosk {site.place.device.token}"} | asked):
            answer = await browser.raw(route.method, filled, headers=credential)
            assert answer.status in (401, 403), (route.method, path, answer.status)
        seen += 1
    assert seen > 40


async def test_a_logged_in_clerk_is_no_kiosk(site: Site) -> None:
    clerk = await site.staff(Role.CLERK)
    assert (await clerk.get("/kiosk")).status == 401
    answer = await clerk.raw("GET", "/kiosk/today", headers={"Accept": "application/json"})
    assert answer.status == 401


async def test_the_idle_screen_names_the_leader_and_no_petitioner(
    site: Site, booked: BookingView
) -> None:
    browser, _ = await kiosk(site)
    answer = await browser.raw("GET", "/kiosk/today")
    told = await answer.json()
    (reception,) = told["receptions"]
    assert reception["leader_name"] == "领导甲"
    assert reception["status"] == "等候签到"
    assert told["on_duty"] == [
        {"leader_name": "领导甲", "leader_title": "副县长", "hours": "09:00–12:00"}
    ]
    assert booked.petitioner_name[:2] not in await answer.text()


async def test_the_code_checks_a_person_in_by_a_name_only_they_know(
    site: Site, booked: BookingView
) -> None:
    browser, csrf = await kiosk(site)
    answer = await check_in(browser, csrf, booked.code)
    told = await answer.json()
    assert answer.status == 200
    assert told["greeting_name"] == "吴**"
    assert told["session_state"] == "lobby"
    assert site.rooms.told == [booked.session_id]


async def test_a_wrong_code_says_what_to_do_next(site: Site, booked: BookingView) -> None:
    browser, csrf = await kiosk(site)
    wrong = "000000" if booked.code != "000000" else "111111"
    answer = await check_in(browser, csrf, wrong)
    told = await answer.json()
    assert (answer.status, told["code"]) == (404, "code_unknown")
    assert told["zh"]
    assert told["en"]


async def test_a_check_in_that_no_page_of_ours_sent_is_refused(
    site: Site, booked: BookingView
) -> None:
    browser, _ = await kiosk(site)
    answer = await check_in(browser, "forged", booked.code)
    assert (answer.status, (await answer.json())["code"]) == (403, "csrf_refused")


async def test_a_body_that_is_no_object_is_refused(site: Site) -> None:
    browser, csrf = await kiosk(site)
    for body in (b"[]", b"{", b'{"code": 7}', b'{"code": ""}'):
        options = json_body(csrf)
        del options["json"]
        answer = await browser.raw("POST", "/kiosk/check-in", data=body, **options)
        assert (answer.status, (await answer.json())["code"]) == (400, "bad_input")


async def test_a_restarted_browser_goes_on_with_the_turn_until_it_is_ended(
    site: Site, booked: BookingView
) -> None:
    browser, csrf = await kiosk(site)
    await check_in(browser, csrf, booked.code)
    turn: object = page_data((await browser.get("/kiosk")).html)["turn"]
    assert isinstance(turn, dict)
    assert turn["session_id"] == booked.session_id
    answer = await browser.raw("POST", "/kiosk/end", **json_body(csrf))
    assert answer.headers["Clear-Site-Data"] == '"cache"', "storage would take the key along"
    after = await browser.get("/kiosk")
    assert after.status == 200, "the machine stays a kiosk"
    assert page_data(after.html)["turn"] is None


async def test_a_turn_that_was_stopped_does_not_come_back(site: Site, booked: BookingView) -> None:
    browser, csrf = await kiosk(site)
    await check_in(browser, csrf, booked.code)
    assert booked.session_id
    await sessions.move(
        site.db,
        session_id=booked.session_id,
        move=SessionMove.STOP,
        actor=site.place.kiosk,
        now=site.clock.now(),
        reason="petitioner_wish",
    )
    assert page_data((await browser.get("/kiosk")).html)["turn"] is None


async def test_a_kiosk_gets_its_seat_only_after_the_check_in(
    site: Site, booked: BookingView
) -> None:
    browser, csrf = await kiosk(site)
    options = json_body(csrf)
    options["headers"] |= {"X-Kiosk": "1"}  # type: ignore[operator]  # json_body makes it a dict
    path = f"/room/{booked.session_id}/ticket"
    before = await browser.raw("POST", path, **options)
    assert (before.status, (await before.json())["code"]) == (403, "not_admitted")
    await check_in(browser, csrf, booked.code)
    after = await browser.raw("POST", path, **options)
    assert (await after.json())["ticket"]


async def test_the_slip_carries_the_query_code_as_a_fragment_no_log_sees(
    site: Site, booked: BookingView
) -> None:
    browser, csrf = await kiosk(site)
    await check_in(browser, csrf, booked.code)
    body = json_body(csrf, session_id=booked.session_id)
    told = await (await browser.raw("POST", "/kiosk/receipt", **body)).json()
    address = URL(told["query_url"])
    assert (address.path, address.fragment) == ("/query", told["query_code"])
    assert not address.query
    assert told["case_no"] == booked.case_no
    assert told["qr"]["path"].startswith("M")


async def test_another_sites_kiosk_gets_nothing_of_the_session(
    site: Site, booked: BookingView
) -> None:
    other = await places.add_site(
        site.db, area_code="330726100", name="别的接访点", address="", phone="1", rooms=1
    )
    kiosk_id = await kiosks.create_kiosk(site.db, site_id=other, name="一号", now=site.clock.now())
    device = await enrolled(site.db, kiosk_id, now=site.clock.now())
    browser = await site.browser()
    csrf = await prove(browser, device)
    body = json_body(csrf, session_id=booked.session_id)
    answer = await browser.raw("POST", "/kiosk/receipt", **body)
    assert answer.status == 403
    assert (await check_in(browser, csrf, booked.code)).status >= 400


def test_a_name_is_shortened_so_that_its_owner_knows_it() -> None:
    assert [masked(name) for name in ("王小花", "欧阳建国", "扎西", "Anna Miller", "王")] == [
        "王**",
        "欧阳**",
        "扎**",
        "Anna**",
        "王**",
    ]


def test_a_qr_code_has_a_quiet_border_and_stays_on_its_sheet() -> None:
    drawn = qr_path("https://reception.example/query#7KQ4M9TXPA")
    size, path = drawn["size"], str(drawn["path"])
    assert isinstance(size, int)
    points = [
        tuple(int(number) for number in square.split("h")[0].split())
        for square in path.split("M")[1:]
    ]
    assert all(4 <= x < size - 4 and 4 <= y < size - 4 for x, y in points)
    assert (4, 4) in points


async def test_a_turn_is_forgotten_two_hours_after_the_talk(
    site: Site, booked: BookingView
) -> None:
    browser, csrf = await kiosk(site)
    answer = await check_in(browser, csrf, booked.code)
    cookie = answer.cookies["turn"]
    assert cookie["httponly"]
    assert timedelta(seconds=int(cookie["max-age"])) == timedelta(hours=2)
