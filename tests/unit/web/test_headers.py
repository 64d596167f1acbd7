"""Which devices and caches a page may use."""

from aiohttp.test_utils import make_mocked_request

from web.headers import cache_control, permissions_policy


def test_only_pages_that_talk_may_use_camera_and_microphone() -> None:
    for path in ("/kiosk", "/kiosk/enrol", "/room/0123"):
        assert "camera=(self), microphone=(self)" in permissions_policy(path)
    for path in ("/", "/calendar", "/roommate", "/kiosks", "/cases/1"):
        assert "camera=(), microphone=()" in permissions_policy(path)


def test_only_hashed_files_are_kept() -> None:
    def asked(path: str) -> str:
        return cache_control(make_mocked_request("GET", path))

    assert "immutable" in asked("/static/css/base.css?v=0123")
    assert asked("/static/js/call.js") == "no-cache"
    assert asked("/static/vendor/noto-sans-sc/files/one.woff2") == "public, max-age=86400"
    assert asked("/cases?v=1") == "no-store"
