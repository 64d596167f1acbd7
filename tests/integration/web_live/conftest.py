"""Kiosk, leader and room over a real database, and the kiosk's page before a scripted room."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium

from reception.services import booking
from reception.services.booking import BookingView, BookRequest
from tests.build import CLERK, draft, open_day
from tests.e2e.browser import launched
from tests.integration.web.site import Site, open_site
from tests.integration.web_live.scripted import ScriptedServer, scripted_server


@pytest.fixture
async def site(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """The application over an SQLite file with a small prefecture in it."""
    async with open_site(sqlite_database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def booked(site: Site) -> BookingView:
    """吴某's booking with 领导甲, today at 09:00, which is now."""
    slots = await open_day(site.db, site.place.leader_id)
    request = BookRequest(slot_id=slots[0].id, site_id=site.place.site_id, draft=draft())
    return await booking.book(
        site.db, request=request, actor=CLERK, idempotency_key=None, now=site.clock.now()
    )


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    """A kiosk page whose server does what the test says."""
    async with scripted_server() as server:
        yield server


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    """A Chromium with a fake camera."""
    async with launched() as browser:
        yield browser
