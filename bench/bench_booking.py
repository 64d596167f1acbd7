"""Booking over HTTP: how many a second, and what happens when everybody wants the same slot.

Ours is `reception serve` with everything a booking does there: the clerk's token, a new case, the
claim, the session, the audit line. The peers are a plain table behind HTTP (`bench.plain_booking`):
the EXCLUDE constraint alone, and the check-then-insert most booking systems have.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import aiohttp

from bench.county import COUNTY, County, make_county, overlaps, vault
from bench.results import Figure
from bench.scale import scaled
from bench.serving import ROOT, served
from reception.storage.schema import upgrade
from tests.databases import PostgresServer, sqlite_url
from tests.e2e.server import free_port

RUNS: Final = scaled(3, 1)
CLERKS: Final = 8
BOOKINGS: Final = scaled(300, 16)
ROUNDS: Final = scaled(40, 2)
RIVALS: Final = 16
RATE_GOAL: Final = 150.0
RATE_P99_GOAL_MS: Final = 120.0
LOSER_GOAL_MS: Final = 500.0
_CREATED, _CONFLICT = 201, 409

Book = Callable[[int], Awaitable[int]]


@dataclass
class Run:
    """What one run gave; latencies in milliseconds, `failed` answers were neither 201 nor 409.

    `doubles` are the people who were promised a slot that somebody else had already.
    """

    rate: float = 0.0
    booked_ms: list[float] = field(default_factory=list)
    doubles: int = 0
    lost_ms: list[float] = field(default_factory=list)
    failed: int = 0


class Counter:
    """Books slots by number at one server; `book` answers with the status."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._next = count()

    async def run(self) -> Run:
        """First bookings by clerks who do not meet, then rounds of rivals."""
        run = Run()
        numbers = iter([next(self._next) for _ in range(BOOKINGS)])
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(CLERKS):
                group.create_task(self._work(numbers, run))
        run.rate = len(run.booked_ms) / (time.perf_counter() - began)
        for _ in range(ROUNDS):
            await self._contest(next(self._next), run)
        return run

    async def _work(self, numbers: Iterator[int], run: Run) -> None:
        for number in numbers:
            status, took_ms = await self._timed(number)
            if status == _CREATED:
                run.booked_ms.append(took_ms)
            else:
                run.failed += 1

    async def _contest(self, number: int, run: Run) -> None:
        answers = await asyncio.gather(*(self._timed(number) for _ in range(RIVALS)))
        won = sum(status == _CREATED for status, _ in answers)
        run.doubles += max(0, won - 1)
        run.lost_ms += [took_ms for status, took_ms in answers if status == _CONFLICT]
        run.failed += sum(status not in (_CREATED, _CONFLICT) for status, _ in answers)

    async def _timed(self, number: int) -> tuple[int, float]:
        began = time.perf_counter()
        status = await self._book(number)
        return status, (time.perf_counter() - began) * 1000


def at_ours(client: aiohttp.ClientSession, county: County) -> Book:
    """Book at the product."""
    headers = {"Authorization": f"Bearer {county.token}"}
    draft = {
        "petitioner_name": "测量（演示）",
        "purpose": "appeal_or_request",
        "category": "agriculture",
        "problem_area_code": COUNTY,
        "summary": "测量用",
    }

    async def book(number: int) -> int:
        wish = {"slot_id": county.slots[number], "site_id": county.site_id, "draft": draft}
        return await _post(client, "/api/v1/bookings", wish, headers)

    return book


def at_plain(client: aiohttp.ClientSession) -> Book:
    """Book at the plain table: a slot of ten minutes of one of twelve leaders."""

    async def book(number: int) -> int:
        starts = number // 12 * 10
        wish = {"leader": number % 12, "site": 1, "starts": starts, "ends": starts + 10}
        return await _post(client, "/bookings", wish, {})

    return book


async def _post(
    client: aiohttp.ClientSession, path: str, wish: dict[str, Any], headers: dict[str, str]
) -> int:
    async with client.post(path, json=wish, headers=headers) as answer:
        await answer.read()
        return answer.status


@asynccontextmanager
async def ours(url: str, folder: Path) -> AsyncIterator[Counter]:
    """Run the product on a migrated database with a county in it."""
    county = await make_county(url, vault(folder), RUNS * (BOOKINGS + ROUNDS))
    port = free_port()
    command = ["reception", "serve", "--data", str(folder / "data"), "--port", str(port)]
    async with served([*command, "--database", url], port, folder, limit=RIVALS) as client:
        yield Counter(at_ours(client, county))


@asynccontextmanager
async def plain(design: str, url: str, folder: Path) -> AsyncIterator[Counter]:
    """Run a plain table on an empty database."""
    port = free_port()
    command = ["bench.plain_booking", design, url, str(port)]
    async with served(command, port, folder, limit=RIVALS) as client:
        yield Counter(at_plain(client))


async def in_turns(**counters: Counter) -> dict[str, list[Run]]:
    """Run all servers one after the other, again and again."""
    found: dict[str, list[Run]] = {name: [] for name in counters}
    for _ in range(RUNS):
        for name, counter in counters.items():
            found[name].append(await counter.run())
    return found


async def on_sqlite(folder: Path) -> list[Figure]:
    """Measure on SQLite."""
    url = sqlite_url(folder / "reception.db")
    await upgrade(url, vault(folder))
    async with (
        ours(url, folder) as product,
        plain("check", str(folder / "plain.db"), folder) as check,
    ):
        found = await in_turns(ours=product, check=check)
    found["ours"][-1].doubles += await overlaps(url, vault(folder))
    return rows("SQLite", found["ours"], "check-then-insert", found["check"])


async def on_postgresql(server: PostgresServer, folder: Path) -> list[Figure]:
    """Measure on PostgreSQL."""
    url = await server.create()
    bare, barer = [await server.create(migrated=False) for _ in range(2)]
    async with (
        ours(url, folder) as product,
        plain("exclude", bare, folder) as exclude,
        plain("check", barer, folder) as check,
    ):
        found = await in_turns(ours=product, exclude=exclude, check=check)
    found["ours"][-1].doubles += await overlaps(url, vault(folder))
    return [
        *rows("PostgreSQL", found["ours"], "EXCLUDE alone", found["exclude"]),
        # of the other peer only what it is known for
        *rows("PostgreSQL again", found["ours"], "check-then-insert", found["check"])[2:3],
    ]


def rows(engine: str, mine: list[Run], peer: str, theirs: list[Run]) -> list[Figure]:
    """Make one engine's rows."""
    rounds = f"{ROUNDS} rounds of {RIVALS} clients"
    plain_note = "the peer does a small part of the work: no log-in, case, session or audit line"

    def row(
        figure: str, unit: str, value: Callable[[Run], float], note: str = "", **more: Any
    ) -> Figure:
        peers = (peer, [value(run) for run in theirs])
        return Figure.of(
            f"{figure}, {engine}", unit, [value(run) for run in mine], peer=peers, note=note, **more
        )

    return [
        row(
            f"bookings over HTTP by {CLERKS} clerks",
            "bookings/s",
            lambda run: run.rate,
            plain_note,
            better="higher",
            goal=RATE_GOAL,
        ),
        row(
            f"one booking p99 by {CLERKS} clerks",
            "ms",
            lambda run: percentile(run.booked_ms, 99),
            goal=RATE_P99_GOAL_MS,
        ),
        row(
            f"double bookings in {rounds}",
            "bookings",
            lambda run: float(run.doubles),
            goal=0.0,
        ),
        row(
            f"slowest loser's 409 in {rounds}",
            "ms",
            lambda run: max(run.lost_ms, default=0.0),
            "the loser is told three other slots; the peer says only no",
            goal=LOSER_GOAL_MS,
        ),
        row(f"loser's 409 p50 in {rounds}", "ms", lambda run: percentile(run.lost_ms, 50)),
        row(f"answers that were neither 201 nor 409 in {rounds}", "answers", _failed, goal=0.0),
    ]


def _failed(run: Run) -> float:
    return float(run.failed)


def percentile(values: list[float], percent: int) -> float:
    """A percentile; 0 of nothing."""
    return quantiles(values, n=100)[percent - 1] if len(values) > 1 else 0.0


async def main() -> list[Figure]:
    """Measure ours and the peers in turns, on both engines."""
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        folder = Path(name)
        (folder / "sqlite").mkdir()
        (folder / "postgresql").mkdir()
        figures = await on_sqlite(folder / "sqlite")
        server = PostgresServer()
        await asyncio.to_thread(server.start)
        try:
            figures += await on_postgresql(server, folder / "postgresql")
        finally:
            await asyncio.to_thread(server.stop)
    return figures
