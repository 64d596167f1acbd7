"""The address of a request: what proxies say of it counts only as far as they are trusted."""

import re
from pathlib import Path

import pytest

from web.addresses import farthest, networks

PROXIES = networks(("10.0.0.0/24", "2001:db8::/64"))
WEB = Path(__file__).parents[3] / "web"


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1,2001:db8::5", "1.1.1.1"),
        ("10.0.0.1", "1.1.1.1, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1:4711", "10.0.0.1"),
        ("10.0.0.1", "'; drop table account", "10.0.0.1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8::1", "2001:DB8:1::00a1", "2001:db8:1::a1"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_first_that_is_no_trusted_proxy_counts(peer: str, forwarded: str, found: str) -> None:
    assert farthest(peer, forwarded, PROXIES) == found


def test_without_a_trusted_proxy_nobody_is_believed() -> None:
    assert farthest("10.0.0.1", "198.51.100.1", ()) == "10.0.0.1"


def test_the_address_of_the_connection_is_asked_for_in_one_place_only() -> None:
    asks = [
        path.name
        for path in WEB.rglob("*.py")
        if re.search(r"\.remote\b|get_extra_info\(.peername", path.read_text(encoding="utf-8"))
    ]
    assert asks == ["addresses.py"]
