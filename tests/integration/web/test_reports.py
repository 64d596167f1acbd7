"""Reports of browsers about the content security policy: counted, bounded, and nothing kept of them."""

import asyncio
import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium

from tests.e2e.browser import sit_down
from tests.integration.web.site import Browser, Site
from web.pages.reports import LOGGED_A_MINUTE, LONGEST_REPORT

CANARY = "11010519491231002X"
OLD = {
    "csp-report": {
        "document-uri": f"https://office.example/cases/{CANARY}",
        "effective-directive": "script-src-elem",
        "blocked-uri": f"https://evil.example/{CANARY}",
        "script-sample": CANARY,
    }
}
NEW = [
    {
        "type": "csp-violation",
        "body": {
            "documentURL": f"https://office.example/cases/{CANARY}",
            "effectiveDirective": "script-src-elem",
            "blockedURL": f"https://evil.example/{CANARY}",
            "sample": CANARY,
        },
    }
]


async def send(browser: Browser, content: bytes, media_type: str) -> int:
    headers = {"Content-Type": media_type, "Sec-Fetch-Site": "same-origin"}
    answer = await browser.raw("POST", "/csp-reports", data=content, headers=headers)
    return answer.status


async def counted(browser: Browser) -> float:
    text = (await browser.get("/metrics")).html
    line = next(line for line in text.splitlines() if line.startswith("reception_policy_viol"))
    return float(line.split()[1])


@pytest.mark.parametrize(
    ("report", "media_type"), [(OLD, "application/csp-report"), (NEW, "application/reports+json")]
)
async def test_both_forms_are_counted_and_only_rule_and_page_are_logged(
    site: Site, caplog: pytest.LogCaptureFixture, report: object, media_type: str
) -> None:
    browser = await site.browser()
    with caplog.at_level(logging.WARNING):
        assert await send(browser, json.dumps(report).encode(), media_type) == 204
    assert await counted(browser) == 1
    assert "script-src-elem broken at cases" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 4000,
        b"[1, null, {}]",
        b'{"csp-report": 7}',
        b'{"csp-report": {"document-uri": 1, "effective-directive": 2}}',
        b'{"csp-report": {"document-uri": "http://[", "effective-directive": []}}',
        json.dumps(OLD).encode().ljust(LONGEST_REPORT + 1),
    ],
)
async def test_what_is_no_report_or_too_long_is_dropped(site: Site, content: bytes) -> None:
    browser = await site.browser()
    assert await send(browser, content, "application/csp-report") == 204
    assert await send(browser, content, "text/plain") == 204
    assert await counted(browser) == 0


async def test_a_flood_is_counted_and_does_not_fill_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    browser = await site.browser()
    flood = json.dumps(NEW * 50).encode()
    with caplog.at_level(logging.WARNING):
        await send(browser, flood, "application/reports+json")
        assert caplog.text.count("broken at") == LOGGED_A_MINUTE
        site.clock.advance(timedelta(minutes=1))
        await send(browser, flood, "application/reports+json")
    assert caplog.text.count("broken at") == 2 * LOGGED_A_MINUTE
    assert await counted(browser) == 100


class Heard(logging.Handler):
    """Remembers that something was logged, for a test that waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.event = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Let whoever waits go on."""
        self.event.set()


async def test_chromium_reports_what_it_stopped(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    heard = Heard()
    logging.getLogger("web.pages.reports").addHandler(heard)
    person = await sit_down(
        chromium, "attacked", pictures=tmp_path, expected=(r"Content Security Policy",)
    )
    await person.page.goto(f"{site.url}/calendar")
    await person.page.evaluate(
        "document.body.append(Object.assign(document.createElement('style'), {textContent: 'p{}'}))"
    )
    async with asyncio.timeout(30):
        await heard.event.wait()
    logging.getLogger("web.pages.reports").removeHandler(heard)
    assert await counted(await site.browser()) == 1
