"""A county's kiosks prove who they are, all at once: after the morning's start, and after a restart.

Against a real `reception serve`: each kiosk asks for a challenge, signs it and begins a session. The
signatures are made by this process too, so that its share of the cores is in the time. There is no
peer: the reusable key in the address, which this replaced, was one look-up and proved nothing.
"""

import asyncio
import tempfile
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

import aiohttp

from bench.county import vault
from bench.results import Figure
from bench.scale import scaled
from bench.serving import ROOT, served
from reception.crypto.device_keys import DeviceKey
from reception.domain.access import SYSTEM
from reception.services import kiosks, places
from reception.storage.database import Database
from reception.storage.schema import upgrade
from scheduler.clock import SystemClock
from tests.databases import PostgresServer, sqlite_url
from tests.e2e.server import free_port

KIOSKS: Final = scaled(1025, 20)
RUNS: Final = scaled(3, 1)
GOAL_S: Final = 5.0
CONNECTIONS: Final = 256

Machines = dict[str, DeviceKey]


async def make_county(url: str, folder: Path) -> Machines:
    """Fill a migrated database with enrolled kiosks; return their keys by id."""
    db = Database(url, vault(folder))
    now = SystemClock().now()
    await places.add_area(db, code="330700", name="测量市")
    site_id = await places.add_site(
        db, area_code="330700", name="测量接访点", address="", phone="0579-0"
    )
    machines: Machines = {}
    async with db.transaction(SYSTEM) as tx:
        for number in range(KIOSKS):
            key = DeviceKey()
            made = kiosks.add_kiosk(
                tx, site_id=site_id, name=f"{number}号", public_key=key.public_key, now=now
            )
            machines[made] = key
    await db.close()
    return machines


class Morning:
    """All kiosks, each with the token it holds."""

    def __init__(self, machines: Machines, origin: str) -> None:
        self._machines = machines
        self._origin = origin
        self._tokens: dict[str, str] = {}

    async def everybody(self, client: aiohttp.ClientSession) -> float:
        """Let all prove themselves at once; return the seconds until the last is in."""
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for kiosk_id, key in self._machines.items():
                group.create_task(self._prove(client, kiosk_id, key))
        return time.perf_counter() - began

    async def _prove(self, client: aiohttp.ClientSession, kiosk_id: str, key: DeviceKey) -> None:
        headers = {"Origin": self._origin}
        if kiosk_id in self._tokens:
            headers["Authorization"] = f"Kiosk {self._tokens[kiosk_id]}"
        who = {"kiosk_id": kiosk_id}
        async with client.post("/kiosk/challenge", json=who, headers=headers) as answer:
            answer.raise_for_status()
            challenge = (await answer.json())["challenge"]
        signature = key.sign(f"vpr-auth-v1|{self._origin}|{kiosk_id}|{challenge}").hex()
        proof = who | {"challenge": challenge, "signature": signature, "token": True}
        async with client.post("/kiosk/session", json=proof, headers=headers) as answer:
            answer.raise_for_status()
            self._tokens[kiosk_id] = (await answer.json())["token"]


def serving(
    url: str, folder: Path, port: int
) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
    """Run the product on this database."""
    command = ["reception", "serve", "--data", str(folder / "data"), "--port", str(port)]
    return served([*command, "--database", url], port, folder, limit=CONNECTIONS)


async def on(engine: str, url: str, folder: Path) -> list[Figure]:
    """Measure on one database: the first morning, then restarts."""
    machines = await make_county(url, folder)
    port = free_port()
    morning = Morning(machines, f"http://127.0.0.1:{port}")
    first, again = [], []
    async with serving(url, folder, port) as client:
        first.append(await morning.everybody(client))
    for _ in range(RUNS):
        async with serving(url, folder, port) as client:
            again.append(await morning.everybody(client))
    note = "keys, signatures and requests of all kiosks come from one process on the same machine"
    return [
        Figure.of(
            f"{KIOSKS} kiosks prove themselves for the first time, {engine}",
            "s",
            first,
            goal=GOAL_S,
            note=note,
        ),
        Figure.of(
            f"{KIOSKS} kiosks prove themselves after a restart, {engine}", "s", again, goal=GOAL_S
        ),
    ]


async def main() -> list[Figure]:
    """Measure on both engines."""
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        folder = Path(name)
        for engine in ("sqlite", "postgresql"):
            (folder / engine).mkdir()
        url = sqlite_url(folder / "sqlite" / "reception.db")
        await upgrade(url, vault(folder / "sqlite"))
        figures = await on("SQLite", url, folder / "sqlite")
        server = PostgresServer()
        await asyncio.to_thread(server.start)
        try:
            figures += await on("PostgreSQL", await server.create(), folder / "postgresql")
        finally:
            await asyncio.to_thread(server.stop)
    return figures
