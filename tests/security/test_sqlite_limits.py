"""SQLite has no roles: the running program's connections refuse everything but rows."""

import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DatabaseError

from reception.domain.access import SYSTEM
from reception.storage.database import Database
from reception.storage.schema import require_current, upgrade
from tests.build import VAULT, prefecture
from tests.databases import sqlite_url


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH DATABASE ':memory:' AS other",
        "DETACH DATABASE main",
        "SELECT load_extension('evil')",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA writable_schema = ON",
        "PRAGMA trusted_schema(1)",
        "PRAGMA secure_delete = OFF",
        "DROP TRIGGER audit_event_no_update",
        "DROP TABLE rating",
        "DROP INDEX ix_petitioner_name_index",
        "ALTER TABLE rating ADD COLUMN more TEXT",
        "CREATE TABLE more (id TEXT)",
        "CREATE TEMP TABLE more (id TEXT)",
        "CREATE TRIGGER more AFTER INSERT ON rating BEGIN SELECT 1; END",
        "CREATE TEMP TRIGGER more AFTER INSERT ON rating BEGIN SELECT 1; END",
        "CREATE VIEW more AS SELECT 1",
        "CREATE TEMP VIEW audit_event AS SELECT 1",
        "CREATE VIRTUAL TABLE more USING fts5(body)",
        "REINDEX rating",
    ],
)
async def test_the_running_program_does_nothing_but_rows(
    sqlite_database_url: str, statement: str
) -> None:
    db = Database(sqlite_database_url, VAULT)
    for opened in (db.transaction, db.reading):
        with pytest.raises(DatabaseError, match=r"not authorized|prohibited"):
            async with opened(SYSTEM) as tx:
                await tx.execute(text(statement))
    await prefecture(db)  # rows it does
    await require_current(db)
    await db.close()


async def test_nobody_else_reads_the_database_and_its_log(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        path = tmp_path / "reception.sqlite3"
        path.touch(mode=0o644)  # as an earlier version left it
        await upgrade(sqlite_url(path), VAULT)
        db = Database(sqlite_url(path), VAULT)
        await prefecture(db)
        modes = {
            part.name: stat.S_IMODE(part.stat().st_mode) for part in tmp_path.glob(f"{path.name}*")
        }
        await db.close()
    finally:
        os.umask(before)
    assert make_url(sqlite_url(path)).database == str(path)
    assert modes == dict.fromkeys([path.name, f"{path.name}-wal", f"{path.name}-shm"], 0o600)
