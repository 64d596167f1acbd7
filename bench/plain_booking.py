"""The peer of the booking: one plain table behind HTTP, as most booking systems have it.

`python -m bench.plain_booking DESIGN URL PORT`, where DESIGN is

- `exclude`: only PostgreSQL's EXCLUDE constraints on leader and site, no claim before the insert;
- `check`: a query for overlaps, then the insert, each as its statement comes (both engines).

It knows no log-in, no case, no session, no record of who did what: per booking it does a small part
of what ours does, so its rate is a ceiling and not a fair comparison of work.
"""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, Protocol

import aiosqlite
import asyncpg  # type: ignore[import-untyped]  # ships no type information
from aiohttp import web

_CONNECTIONS: Final = 20

_POSTGRESQL_TABLE: Final = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE TABLE plain_booking (
    id text PRIMARY KEY, leader int NOT NULL, site int NOT NULL, during int8range NOT NULL
);
CREATE INDEX plain_during ON plain_booking USING gist (leader, during);
"""
_POSTGRESQL_EXCLUDE: Final = """
ALTER TABLE plain_booking
    ADD EXCLUDE USING gist (leader WITH =, during WITH &&),
    ADD EXCLUDE USING gist (leader WITH =, site WITH =, during WITH &&);
"""
_SQLITE_TABLE: Final = """
CREATE TABLE plain_booking (
    id TEXT PRIMARY KEY, leader INT NOT NULL, site INT NOT NULL, starts INT NOT NULL, ends INT NOT NULL
);
CREATE INDEX plain_starts ON plain_booking (leader, starts);
"""


class Taken(Exception):
    """Somebody has the slot."""


class Store(Protocol):
    """Where the table is."""

    async def insert(self, leader: int, site: int, starts: int, ends: int) -> str:
        """Book and return the id. Raises `Taken`."""

    async def close(self) -> None:
        """Close all connections."""


class Postgresql:
    """The table in PostgreSQL, with or without its constraints."""

    def __init__(self, pool: asyncpg.Pool, *, checks: bool) -> None:
        self._pool = pool
        self._checks = checks

    @classmethod
    async def open(cls, url: str, *, checks: bool) -> "Postgresql":
        """Make the table."""
        pool = await asyncpg.create_pool(
            url.replace("+asyncpg", ""), min_size=_CONNECTIONS, max_size=_CONNECTIONS
        )
        await pool.execute(_POSTGRESQL_TABLE + ("" if checks else _POSTGRESQL_EXCLUDE))
        return cls(pool, checks=checks)

    async def insert(self, leader: int, site: int, starts: int, ends: int) -> str:
        """See `Store.insert`."""
        identifier = uuid.uuid4().hex
        async with self._pool.acquire() as connection, connection.transaction():
            if self._checks:
                found = await connection.fetchval(
                    "SELECT 1 FROM plain_booking WHERE leader = $1 AND during && int8range($2, $3)",
                    leader, starts, ends,
                )  # fmt: skip
                if found is not None:
                    raise Taken
            try:
                await connection.execute(
                    "INSERT INTO plain_booking VALUES ($1, $2, $3, int8range($4, $5))",
                    identifier, leader, site, starts, ends,
                )  # fmt: skip
            except asyncpg.ExclusionViolationError:
                raise Taken from None
        return identifier

    async def close(self) -> None:
        """See `Store.close`."""
        await self._pool.close()


class Sqlite:
    """The table in SQLite, in WAL mode with the durability ours has."""

    def __init__(self, connections: list[aiosqlite.Connection]) -> None:
        self._all = connections
        self._free: asyncio.Queue[aiosqlite.Connection] = asyncio.Queue()
        for connection in connections:
            self._free.put_nowait(connection)

    @classmethod
    async def open(cls, path: Path) -> "Sqlite":
        """Make the table."""
        connections = []
        for number in range(_CONNECTIONS):
            connection = await aiosqlite.connect(path, isolation_level=None)
            await connection.execute("PRAGMA busy_timeout = 5000")
            if number == 0:
                await connection.execute("PRAGMA journal_mode = WAL")
                await connection.executescript(_SQLITE_TABLE)
            await connection.execute("PRAGMA synchronous = FULL")
            connections.append(connection)
        return cls(connections)

    async def insert(self, leader: int, site: int, starts: int, ends: int) -> str:
        """See `Store.insert`."""
        connection = await self._free.get()
        try:
            cursor = await connection.execute(
                "SELECT 1 FROM plain_booking WHERE leader = ? AND starts < ? AND ends > ?",
                (leader, ends, starts),
            )
            if await cursor.fetchone() is not None:
                raise Taken
            identifier = uuid.uuid4().hex
            await connection.execute(
                "INSERT INTO plain_booking VALUES (?, ?, ?, ?, ?)",
                (identifier, leader, site, starts, ends),
            )
            return identifier
        finally:
            self._free.put_nowait(connection)

    async def close(self) -> None:
        """See `Store.close`."""
        for connection in self._all:
            await connection.close()


STORE: Final = web.AppKey[Store]("store")


async def book(request: web.Request) -> web.Response:
    """Answer 201 or 409; a deadlock or a busy database is a 500, as it is for most."""
    wish = await request.json()
    try:
        identifier = await request.app[STORE].insert(
            wish["leader"], wish["site"], wish["starts"], wish["ends"]
        )
    except Taken:
        return web.json_response({"code": "taken"}, status=409)
    return web.json_response({"id": identifier}, status=201)


async def ready(request: web.Request) -> web.Response:
    """Say that the table is there."""
    return web.Response()


def main(design: str, url: str, port: int) -> None:
    """Serve until SIGTERM."""

    async def opened(app: web.Application) -> AsyncIterator[None]:
        if url.startswith("postgresql"):
            app[STORE] = await Postgresql.open(url, checks=design == "check")
        else:
            app[STORE] = await Sqlite.open(Path(url))
        yield
        await app[STORE].close()

    app = web.Application()
    app.cleanup_ctx.append(opened)
    app.add_routes([web.post("/bookings", book), web.get("/readyz", ready)])
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
