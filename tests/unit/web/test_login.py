"""After logging in nobody is led to another site."""

import pytest

from web.pages.login import local_path


@pytest.mark.parametrize(
    "asked", ["//evil.example", "https://evil.example", "/\\evil.example", "", "cases", "/a\r\nb"]
)
def test_a_way_to_elsewhere_is_not_taken(asked: str) -> None:
    assert local_path(asked, "/clerk") == "/clerk"


def test_a_page_of_our_own_is() -> None:
    assert local_path("/cases/0123", "/clerk") == "/cases/0123"
