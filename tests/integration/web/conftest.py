"""The pages over a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.web.site import Site, open_site


@pytest.fixture
async def site(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """The application over an SQLite file with a small prefecture in it."""
    async with open_site(sqlite_database_url, tmp_path) as opened:
        yield opened
