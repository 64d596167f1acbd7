"""What a log-in costs, and whether a hundred of them at once disturb a reception that is going on.

Two people talk through our hub process, recorded; then a hundred people, each at a machine of their
own, press "log in" at the same moment. Web and hub process say how late their loops run meanwhile.
The peer is the same program with the threads that hash passwords at the priority of the rest.
"""

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import aiohttp

from bench.bench_hub import close, enter, hub, seal
from bench.county import CITY
from bench.load import Passed, Talk
from bench.results import Figure
from bench.scale import scaled
from bench.serving import ROOT
from reception.app.keys import open_database
from reception.app.serve import prepare
from reception.domain.access import SYSTEM
from reception.domain.codes import Role
from reception.services import accounts, places
from reception.settings import Settings
from reception.storage import accounts as rows
from reception.storage.ids import new_id
from reception.storage.tables import Account
from scheduler.clock import SystemClock
from signaling.hub.dtls import Identity
from tests.e2e.server import free_port

RUNS: Final = scaled(3, 1)
ALONE: Final = scaled(20, 2)
BURST: Final = scaled(100, 4)
WARM_UP_S: Final = scaled(2.0, 0.5)
MEASURED_S: Final = scaled(15.0, 2.0)
LOGIN_GOAL_MS: Final = 300.0
LAG_GOAL_MS: Final = 20.0
PEER: Final = "hashing threads at ordinary priority"
_PASSWORD: Final = "Measured only 1 here"  # noqa: S105 - opens nothing but a database made for this
_START_S: Final = 60.0
_SEE_OTHER: Final = 303


@dataclass(frozen=True, slots=True)
class Run:
    """One run; everything in milliseconds but `burst_s`, the time until the last was logged in."""

    alone_ms: tuple[float, ...]
    burst_s: float
    web_lag_ms: float
    hub_lag_ms: float
    passed: Passed


async def people(data: Path) -> None:
    """Make a database with a hundred people in it who can log in."""
    settings = Settings(data=data)
    await prepare(settings)
    db, now = open_database(settings), SystemClock().now()
    try:
        await places.add_area(db, code=CITY, name="甲市")
        await accounts.create_account(
            db,
            login="person0",
            name="测量",
            role=Role.CLERK,
            area_code=CITY,
            password=_PASSWORD,
            now=now,
        )
        async with db.transaction(SYSTEM) as tx:
            first = await rows.account_by_login(tx, "person0")
            assert first is not None
            columns = {c.key: getattr(first, c.key) for c in Account.__table__.columns}
            # All have one password; hashing it a hundred times would measure nothing.
            tx.add_all(
                Account(**columns | {"id": new_id(), "login": f"person{number}"})
                for number in range(1, BURST)
            )
    finally:
        await db.close()


@asynccontextmanager
async def web(
    folder: Path, *, level: bool
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run a web process; it is still there after the block only if the block failed."""
    port = free_port()
    with (folder / "web.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.web_process",
            str(folder / "data"), str(port), str(folder / "none.sock"), *(["level"] if level else []),
            cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
    try:
        await _ready(port)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _ready(port: int) -> None:
    async with asyncio.timeout(_START_S), aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.get(f"http://127.0.0.1:{port}/healthz"):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)


async def log_in(url: str, number: int) -> float:
    """Log one person in from a machine of their own; return how long it took, in milliseconds."""
    connector = aiohttp.TCPConnector(local_addr=(f"127.0.1.{number + 1}", 0))
    async with aiohttp.ClientSession(connector=connector) as client:
        began = time.perf_counter()
        async with client.post(
            f"{url}/login",
            data={"login": f"person{number}", "password": _PASSWORD},
            headers={"Sec-Fetch-Site": "same-origin"},
            allow_redirects=False,
        ) as answer:
            assert answer.status == _SEE_OTHER, answer.status
            return (time.perf_counter() - began) * 1000


async def burst(url: str) -> float:
    """Log everybody in at once; return the seconds until the last was."""
    began = time.perf_counter()
    await asyncio.gather(*(log_in(url, number) for number in range(BURST)))
    return time.perf_counter() - began


async def run(identity: Identity, *, level: bool) -> Run:
    """Measure log-ins one by one, then the burst while two people talk."""
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        folder = Path(name)
        await people(folder / "data")
        async with web(folder, level=level) as (process, url), hub(folder) as (media, engine):
            await log_in(url, 0)
            alone = tuple([await log_in(url, number % BURST) for number in range(ALONE)])
            participants = await enter(engine, 0, identity)
            warm = asyncio.Event()
            loop = asyncio.get_running_loop()

            def begin() -> None:
                media.send_signal(signal.SIGUSR1)
                process.send_signal(signal.SIGUSR1)
                loop.call_soon_threadsafe(warm.set)

            async def when_warm() -> float:
                await warm.wait()
                return await burst(url)

            passed, took = await asyncio.gather(
                asyncio.to_thread(Talk(participants).run, WARM_UP_S, MEASURED_S, begin),
                when_warm(),
            )
            await seal(engine, 1)
            web_lag, hub_lag = [await _lag(one) for one in (process, media)]
        close(participants)
    return Run(alone, took, web_lag, hub_lag, passed)


async def _lag(process: asyncio.subprocess.Process) -> float:
    process.terminate()
    told, _ = await process.communicate()
    return percentile([delay * 1000 for delay in json.loads(told)], 99)


def percentile(values: Sequence[float], percent: int) -> float:
    """A percentile that is never outside of what was seen."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


async def main() -> list[Figure]:
    """Measure ours and the peer in turns."""
    # the certificate's dates are not checked by anyone here
    identity = Identity.create(datetime(2026, 1, 1, tzinfo=UTC))
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(await run(identity, level=False))
        theirs.append(await run(identity, level=True))
    at_once = f"{BURST} log-ins at once"
    room = "in a room meanwhile"
    return [
        Figure.of(
            "one log-in",
            "ms",
            [median(one.alone_ms) for one in ours],
            goal=LOGIN_GOAL_MS,
            note="from sending the form to the answer, with nothing else going on",
        ),
        Figure.of(
            f"{at_once}: until the last is in",
            "s",
            [one.burst_s for one in ours],
            peer=(PEER, [one.burst_s for one in theirs]),
        ),
        Figure.of(
            f"{at_once}: delay of the web loop p99",
            "ms",
            [one.web_lag_ms for one in ours],
            goal=LAG_GOAL_MS,
            peer=(PEER, [one.web_lag_ms for one in theirs]),
        ),
        Figure.of(
            f"{at_once}: delay of the hub's loop p99",
            "ms",
            [one.hub_lag_ms for one in ours],
            goal=LAG_GOAL_MS,
            peer=(PEER, [one.hub_lag_ms for one in theirs]),
        ),
        Figure.of(
            f"latency added p99 {room}",
            "ms",
            [one.passed.latency(99) for one in ours],
            peer=(PEER, [one.passed.latency(99) for one in theirs]),
        ),
        Figure.of(
            f"packets lost {room}",
            "packets",
            [float(one.passed.lost) for one in ours],
            goal=0.0,
            peer=(PEER, [float(one.passed.lost) for one in theirs]),
        ),
    ]
