"""Databases for tests: a PostgreSQL server of our own and migrated templates on both engines."""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from reception.storage.database import Database, create_engine
from reception.storage.schema import upgrade
from reception.storage.wall import APP_ROLE
from tests.build import VAULT

UNPRIVILEGED = ("postgres", "nobody")
TEMPLATE = "migrated"
OWNER = "reception_owner"


def run_aside(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run `coroutine` to its end on a loop of its own, even while this thread's loop runs."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, coroutine).result()


def _binary(name: str) -> str:
    found = shutil.which(name)
    if found:
        return found
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not versions:
        raise FileNotFoundError(f"{name}: install PostgreSQL (`make test` does)")
    return str(versions[-1])


def _unprivileged() -> pwd.struct_passwd | None:
    """Return whom to become: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LookupError("no unprivileged user to run PostgreSQL as")


class PostgresServer:
    """A server with its own data directory and Unix socket, and one migrated template."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vr-pg-"))
        self._user = _unprivileged()
        self._made = 0
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)

    def _run(self, name: str, *arguments: str) -> None:
        identity: dict[str, object] = {}
        if self._user is not None:
            identity = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        # The server inherits stdout; a pipe would keep us waiting for its end.
        subprocess.run(
            [_binary(name), *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            **identity,  # type: ignore[call-overload]  # the keywords depend on who runs the tests
        )

    def start(self) -> None:
        data = str(self.folder / "data")
        self._run(
            "initdb",
            *("-D", data, "-U", "reception", "-A", "trust", "-E", "UTF8", "--no-locale"),
            # The server itself runs with fsync; only this empty start need not outlive a crash.
            "--no-sync",
        )
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "-D", data, "-w", "-l", f"{self.folder}/log", "-o", options, "start")
        run_aside(self._make_template())

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def url(self, database: str, *, role: str = "reception") -> str:
        return f"postgresql+asyncpg://{role}@/{database}?host={self.folder}"

    async def _admin(self, statement: str) -> None:
        # CREATE DATABASE cannot run inside a transaction.
        engine = create_async_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    async def _make_template(self) -> None:
        # As in operations.md: neither the owner nor the program is a superuser.
        await self._admin(f"CREATE ROLE {APP_ROLE} LOGIN")
        await self._admin(f"CREATE ROLE {OWNER} LOGIN IN ROLE {APP_ROLE}")
        await self._admin(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}")
        await upgrade(self.url(TEMPLATE, role=OWNER), VAULT)

    async def create(self, *, migrated: bool = True) -> str:
        """Return the URL of a fresh database: the program's, or the owner's of an empty one."""
        self._made += 1
        name = f"t{self._made}"
        source = TEMPLATE if migrated else "template1"
        await self._admin(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {source}")
        return self.url(name, role=APP_ROLE if migrated else OWNER)

    def dump(self, url: str) -> bytes:
        """Return what `pg_dump` writes of a database."""
        command = [_binary("pg_dump"), "-h", str(self.folder), "-U", "reception", _name_of(url)]
        return subprocess.run(command, check=True, capture_output=True).stdout

    async def drop(self, url: str) -> None:
        """Drop what `create` made, ending the connections a test left."""
        await self._admin(f"DROP DATABASE {_name_of(url)} WITH (FORCE)")


def owners(url: str) -> str:
    """Return the URL by which the owner of a test database logs in."""
    return url.replace(f"{APP_ROLE}@", f"{OWNER}@")


@asynccontextmanager
async def as_owner(db: Database) -> AsyncIterator[AsyncConnection]:
    """Open a transaction with every right over `db`, as somebody at the server has."""
    url = db._engine.url.render_as_string(hide_password=False)  # nobody else needs it
    engine = create_engine(owners(url), migrating=True)
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


def _name_of(url: str) -> str:
    return url.split("@/")[1].split("?")[0]


def sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"
