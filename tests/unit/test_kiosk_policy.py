"""The browser policy lets a kiosk do what its pages need, and nothing else."""

import json
from pathlib import Path

from web.pages import admin, booking, cases, clerk, keeping, kiosk, kiosks, leader, login, planning

_PAGES = (admin, booking, cases, clerk, keeping, kiosks, leader, login, planning)

POLICY = json.loads(
    (Path(__file__).parents[2] / "deploy" / "kiosk" / "chromium-policy.json").read_text("utf-8")
)
ORIGIN = "https://jiefang.example.gov.cn"


def is_open(path: str) -> bool:
    """Whether Chromium goes there: lists hold beginnings of addresses, the longest one decides."""

    def longest(filters: list[str]) -> int:
        found = [one for one in filters if one == "*" or f"{ORIGIN}{path}".startswith(one)]
        return max((0 if one == "*" else len(one) for one in found), default=-1)

    return longest(POLICY["URLAllowlist"]) >= longest(POLICY["URLBlocklist"])


def test_only_the_addresses_of_the_kiosk_are_open() -> None:
    needed = {route.path for route in kiosk.routes()} | {"/static/js/kiosk.js", "/room/1/ticket"}
    assert [path for path in needed if not is_open(path)] == []
    others = {route.path for module in _PAGES for route in module.routes()}
    assert len(others) > 20
    assert [path for path in others if is_open(path)] == []


def test_camera_microphone_and_the_key_belong_to_our_origin_alone() -> None:
    for name in ("VideoCaptureAllowedUrls", "AudioCaptureAllowedUrls", "CookiesAllowedForUrls"):
        assert POLICY[name] == [ORIGIN]
    assert POLICY["ClearBrowsingDataOnExitList"] == [], "the key has to outlive the browser"


def test_nothing_leads_out_of_the_page() -> None:
    assert POLICY["DeveloperToolsAvailability"] == 2
    assert POLICY["ExtensionInstallBlocklist"] == ["*"]
    assert POLICY["DownloadRestrictions"] == 3
    assert POLICY["AllowFileSelectionDialogs"] is False
    assert POLICY["IncognitoModeAvailability"] == 1
