"""From what somebody is logged in, in two words: enough to know one's own, and no more kept."""

from collections.abc import Sequence
from typing import Final

_BROWSERS: Final[Sequence[tuple[str, str]]] = (
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chromium"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final[Sequence[tuple[str, str]]] = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def agent_words(user_agent: str) -> str:
    """Return browser and system of a `User-Agent`, such as `Chromium · Windows`."""
    found = (_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent))
    return " · ".join(word for word in found if word)


def _first(words: Sequence[tuple[str, str]], text: str) -> str:
    return next((word for mark, word in words if mark in text), "")
