"""What the tests of an attacker's ways share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.web.site import Site, open_site


@pytest.fixture
async def site(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """The application over a small prefecture, with no proxy before it."""
    async with open_site(sqlite_database_url, tmp_path) as opened:
        yield opened
