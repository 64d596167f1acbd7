"""The pages over a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium

from tests.e2e.browser import launched
from tests.integration.web.site import Site, open_site


@pytest.fixture
async def site(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """The application over an SQLite file with a small prefecture in it."""
    async with open_site(sqlite_database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    """A Chromium process of this test's own."""
    async with launched() as browser:
        yield browser
