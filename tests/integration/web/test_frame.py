"""What holds for every page: headers, who may come in, forged forms, languages, refusals."""

import json
from pathlib import Path

import pytest
from aiohttp.web import Application

from reception.domain.codes import Role
from tests.integration.web.site import Site, open_site
from web.auth import TOKENLESS_PATHS

ID = "0" * 32
PUBLIC = {
    "/",
    "/login",
    "/calendar",
    "/calendar/{day_id}",
    "/calendar/feed.ics",
    "/calendar/month.pdf",
    "/query",
    "/healthz",
    "/readyz",
}


def paths(app: Application, method: str = "GET") -> list[str]:
    """Every route of the pages, with an id that does not exist wherever one belongs."""
    found = {
        route.resource.canonical
        for route in app.router.routes()
        if route.method == method and route.resource is not None
    }
    return sorted(path for path in found if not path.startswith(("/static", "/api/", "/ws")))


def filled(path: str) -> str:
    """Put an id in every gap of a route."""
    return "/".join(ID if part.startswith("{") else part for part in path.split("/"))


async def test_every_route_answers_with_the_headers(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    routes = {
        (route.method, filled(route.resource.canonical))
        for route in site.app.router.routes()
        if route.resource is not None
        and route.method != "*"
        # The socket needs the live rooms, which are not here.
        and route.resource.canonical != "/ws"
    }
    more = {("GET", "/nothing-here"), ("GET", "/static/css/base.css"), ("PATCH", "/calendar")}
    assert len(routes) > 150
    for method, path in sorted(routes | more):
        answer = await browser.raw(method, path, headers={"Sec-Fetch-Site": "same-origin"})
        asked = (method, path, answer.status)
        assert answer.status < 500, asked
        policy = answer.headers["Content-Security-Policy"].split("; ")
        for rule in (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "require-trusted-types-for 'script'",
        ):
            assert rule in policy, asked
        assert "unsafe" not in " ".join(policy), asked
        assert answer.headers["X-Content-Type-Options"] == "nosniff", asked
        assert answer.headers["Referrer-Policy"] == "same-origin", asked
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", asked
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", asked
        assert "camera=" in answer.headers["Permissions-Policy"], asked
        kept = "no-cache" if path.startswith("/static/") and answer.status == 200 else "no-store"
        assert answer.headers["Cache-Control"] in (kept, "no-cache"), asked
        assert "Access-Control-Allow-Origin" not in answer.headers, asked


async def test_https_sets_hsts_and_cookies_of_this_host_only(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    async with open_site(sqlite_database_url, tmp_path, secure_cookies=True) as site:
        browser = await site.browser()
        login = await site.account(Role.CLERK)
        answer = await browser.raw(
            "POST",
            "/login",
            data={"login": login, "password": "Correct horse battery 9 staple"},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-sid=")
        for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            assert part in cookie
        assert answer.headers["Content-Security-Policy"].endswith("; report-to csp")
        assert answer.headers["Reporting-Endpoints"] == 'csp="/csp-reports"'
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


async def test_a_stranger_is_sent_to_the_log_in_page_or_told_so_in_json(site: Site) -> None:
    browser = await site.browser()
    for path in paths(site.app):
        if path in PUBLIC or path == "/metrics" or path.startswith("/kiosk"):
            continue
        answer = await browser.raw("GET", filled(path))
        assert answer.status == 303, path
        assert answer.headers["Location"].startswith("/login?next=/"), path
        told = await browser.raw("GET", filled(path), headers={"Accept": "application/json"})
        assert told.status == 401, path
        assert (await told.json(content_type=None))["code"] == "not_logged_in"


@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.HANDLER, "/clerk"),
        (Role.HANDLER, "/booking"),
        (Role.LEADER, "/planning"),
        (Role.CLERK, "/admin"),
        (Role.SYSADMIN, "/cases"),
        (Role.SYSADMIN, f"/cases/{ID}"),
        (Role.SYSADMIN, f"/sessions/{ID}/recordings"),
        (Role.SYSADMIN, f"/recordings/files/{ID}"),
        (Role.SYSADMIN, "/clerk"),
    ],
)
async def test_another_role_is_refused(site: Site, role: Role, path: str) -> None:
    browser = await site.staff(role)
    assert (await browser.get(path)).status == 403


async def test_a_form_of_another_site_is_refused(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ):
        for path in map(filled, paths(site.app, "POST")):
            answer = await browser.raw(
                "POST",
                path,
                data={"csrf": browser.csrf},
                headers={"Accept": "application/json", **headers},
            )
            assert answer.status == 403, (path, headers)
            assert (await answer.json(content_type=None))["code"] == "origin_refused"


async def test_a_form_without_the_token_of_this_log_in_is_refused(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    for path in map(filled, paths(site.app, "POST")):
        if path in TOKENLESS_PATHS or path.startswith("/kiosk"):
            continue
        for token in ("", "0" * 32, "错"):
            answer = await browser.raw(
                "POST",
                path,
                data={"csrf": token},
                headers={"Accept": "application/json", "Sec-Fetch-Site": "same-origin"},
            )
            assert answer.status == 403, path
            assert (await answer.json(content_type=None))["code"] == "csrf_refused", path


async def test_an_origin_of_our_own_is_enough_where_browsers_send_no_fetch_metadata(
    site: Site,
) -> None:
    browser = await site.staff(Role.CLERK)
    answer = await browser.raw(
        "POST", "/logout", data={"csrf": browser.csrf}, headers={"Origin": site.url}
    )
    assert answer.status == 303


async def test_a_refusal_is_said_in_the_readers_language(site: Site) -> None:
    browser = await site.browser()
    chinese = await browser.get("/nothing-here")
    assert chinese.status == 404
    assert 'lang="zh-CN"' in chinese.html
    english = await browser.get("/nothing-here?lang=en")
    assert 'lang="en"' in english.html
    assert chinese.text != english.text
    body = await (
        await browser.raw("GET", "/nothing-here", headers={"Accept": "application/json"})
    ).json(content_type=None)
    assert body["status"] == 404
    assert body["zh"] in chinese.text
    assert body["en"] in english.text


async def test_a_chosen_language_is_kept(site: Site) -> None:
    browser = await site.browser()
    await browser.get("/calendar?lang=en")
    assert "Follow a case" in (await browser.get("/calendar")).text
    await browser.get("/calendar?lang=zh")
    assert "进度查询" in (await browser.get("/calendar")).text
    assert "进度查询" in (await browser.get("/calendar?lang=tlh")).text


async def test_another_method_is_told_which_ones_there_are(site: Site) -> None:
    browser = await site.browser()
    answer = await browser.raw(
        "PUT", "/query", headers={"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
    )
    assert answer.status == 405
    assert (
        await browser.raw("TRACE", "/query", headers={"Sec-Fetch-Site": "same-origin"})
    ).status == 405
    assert set(answer.headers["Allow"].split(",")) >= {"GET", "POST"}


async def test_a_body_past_the_limit_is_refused(site: Site) -> None:
    browser = await site.browser()
    answer = await browser.raw(
        "POST",
        "/query",
        data={"code": "x" * 300_000},
        headers={"Sec-Fetch-Site": "same-origin", "Accept": "application/json"},
    )
    assert answer.status == 413
    assert (await answer.json(content_type=None))["code"] == "message_too_large"


async def test_a_bug_becomes_a_page_that_says_so(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    browser = await site.browser()
    monkeypatch.setattr("web.pages.public.weeks", None)
    page = await browser.get("/calendar")
    assert page.status == 500
    assert "没有办成" in page.text
    assert "Traceback" not in page.html
    assert "unhandled error at GET /calendar" in caplog.text
    told = await browser.raw("GET", "/calendar", headers={"Accept": "application/json"})
    body = await told.json(content_type=None)
    assert (told.status, body["code"]) == (500, "internal")
    assert "NoneType" not in json.dumps(body)


async def test_static_files_named_by_their_content_are_kept_for_ever(site: Site) -> None:
    browser = await site.browser()
    page = await browser.get("/login")
    (sheet,) = page.links("/static/css/base.css")
    answer = await browser.raw("GET", sheet)
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert (await browser.raw("GET", "/static/../app.py")).status == 404


async def test_templates_hold_no_inline_script_style_or_handler() -> None:
    import re

    templates = Path(__file__).parents[3] / "web" / "templates"
    for path in templates.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=\"|javascript:", text), path
        for script in re.findall(r"<script\b[^>]*>", text):
            assert "src=" in script or 'type="application/json"' in script, (path, script)
