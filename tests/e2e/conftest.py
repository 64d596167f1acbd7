"""Fixtures of the whole program: a demo prefecture, Chromium, and people at their screens."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.async_api import Browser

from tests.e2e.browser import LAPTOP, Person, launched, pictures_folder, sit_down
from tests.e2e.server import DemoServer, demo


class SeatPerson(Protocol):
    """Makes one more person at a browser of their own."""

    async def __call__(
        self,
        name: str,
        *,
        viewport: tuple[int, int] = LAPTOP,
        expected: tuple[str, ...] = (),
        secure: bool = True,
    ) -> Person: ...


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """One demo prefecture for all tests of this run; the last of them ends it by SIGTERM."""
    with demo(tmp_path_factory.mktemp("demo") / "data") as server:
        yield server


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A Chromium process of this test's own."""
    async with launched() as browser:
        yield browser


@pytest.fixture
async def person(chromium: Browser, tmp_path: Path) -> AsyncIterator[SeatPerson]:
    """Make people; when the test ends, any console error or CSP report of theirs fails it."""
    people: list[Person] = []

    async def seat(
        name: str,
        *,
        viewport: tuple[int, int] = LAPTOP,
        expected: tuple[str, ...] = (),
        secure: bool = True,
    ) -> Person:
        somebody = await sit_down(
            chromium,
            name,
            pictures=pictures_folder(tmp_path / "pictures"),
            viewport=viewport,
            expected=expected,
            secure=secure,
        )
        people.append(somebody)
        return somebody

    yield seat
    for somebody in people:
        await somebody.context.close()
    for somebody in people:
        somebody.check()
