"""The table of limits in docs/security.md is the code's."""

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

PAGE: Final = Path(__file__).parents[2] / "docs" / "security.md"
WORTH: Final = {"": 1, "s": 1, "min": 60, "h": 3600, "KiB": 1024, "MiB": 1024 * 1024}


def rows() -> list[tuple[str, str]]:
    """What the page says of each constant: its name, and its value as written."""
    text = PAGE.read_text(encoding="utf-8")
    table = text.split("<!-- limits: begin -->")[1].split("<!-- limits: end -->")[0]
    found: list[tuple[str, str]] = []
    for line in table.strip().splitlines()[2:]:
        _, values, names = (cell.strip() for cell in line.strip("|").split(" | "))
        written = values.split(", ")
        named = re.findall(r"`([\w.]+)`", names)
        assert len(written) == len(named), line
        found += zip(named, written, strict=True)
    return found


def said(written: str) -> float:
    """A value of the page as a number, seconds and bytes."""
    number, _, unit = written.replace(",", "").partition(" ")
    return float(number) * WORTH[unit]


def held(name: str) -> float:
    """A constant of the code as a number, seconds and bytes."""
    module, _, constant = name.rpartition(".")
    value = getattr(import_module(module), constant)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return float(value.removesuffix("s")) if isinstance(value, str) else float(value)


@pytest.mark.parametrize(("name", "written"), rows())
def test_what_the_page_says_of_a_limit_is_so(name: str, written: str) -> None:
    assert held(name) == said(written)
