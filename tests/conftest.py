"""Fixtures for databases: each test that names `db` runs on SQLite and on PostgreSQL."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from reception.storage.database import Database
from reception.storage.schema import upgrade
from tests.build import VAULT
from tests.databases import PostgresServer, run_aside, sqlite_url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this test process, with fsync on."""
    server = PostgresServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path: Path = tmp_path_factory.mktemp("template") / "migrated.db"
    run_aside(upgrade(sqlite_url(path), VAULT))
    return path


@pytest.fixture
def sqlite_database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a migrated, empty SQLite file."""
    path = tmp_path / "reception.db"
    shutil.copy(sqlite_template, path)
    return sqlite_url(path)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The URL of a migrated, empty database, on each engine in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database_url")
        return
    server: Any = request.getfixturevalue("postgres_server")
    url = await server.create()
    yield url
    await server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without any table, on each engine in turn."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "empty.db")
        return
    server: Any = request.getfixturevalue("postgres_server")
    url = await server.create(migrated=False)
    yield url
    await server.drop(url)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database, on each engine in turn."""
    database = Database(database_url, VAULT)
    yield database
    await database.close()
