"""Static files: small on the line, and nothing outside their folder."""

import gzip
from pathlib import Path

import pytest

from tests.integration.web.site import Site
from web.render import STATIC_ROOT, imported_modules

MODULE = "js/kiosk.js"


async def test_a_script_comes_compressed_to_who_takes_it(site: Site) -> None:
    browser = await site.browser()
    plain = (STATIC_ROOT / MODULE).read_bytes()
    for accepted, encoding in (("gzip, br", "gzip"), ("identity", None)):
        response = await browser.raw(
            "GET", f"/static/{MODULE}", headers={"Accept-Encoding": accepted}, auto_decompress=False
        )
        assert response.status == 200
        assert response.headers.get("Content-Encoding") == encoding
        assert response.content_type == "text/javascript"
        body = await response.read()
        assert (gzip.decompress(body) if encoding else body) == plain
        assert response.headers["Vary"] == "Accept-Encoding"


async def test_the_kiosk_page_and_all_it_loads_stay_under_150_kilobytes() -> None:
    names = [
        "css/base.css",
        "css/call.css",
        "css/kiosk.css",
        *(path.relative_to(STATIC_ROOT).as_posix() for path in (STATIC_ROOT / "js").glob("*.js")),
    ]
    weight = sum(len(gzip.compress((STATIC_ROOT / name).read_bytes(), 9)) for name in names)
    assert weight < 150_000


@pytest.mark.parametrize("path", ["../app.py", "js/../../app.py", "%2e%2e/app.py", "none.css", ""])
async def test_nothing_outside_the_folder_is_served(site: Site, path: str) -> None:
    browser = await site.browser()
    response = await browser.raw("GET", f"/static/{path}")
    assert response.status == 404
    assert Path(STATIC_ROOT / "../app.py").exists()


async def test_a_script_that_has_not_changed_is_not_sent_again(site: Site) -> None:
    browser = await site.browser()
    first = await browser.raw("GET", f"/static/{MODULE}")
    again = await browser.raw(
        "GET", f"/static/{MODULE}", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status == 304
    assert await again.read() == b""


def test_a_page_names_every_module_its_script_brings_along() -> None:
    modules = imported_modules()
    assert "protocol.js" in modules["room.js"], "brought along by call.js"
    for name in modules["kiosk.js"]:
        assert (STATIC_ROOT / "js" / name).is_file()
