"""Brings a database to the schema this program needs, and refuses one it does not know."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text

from reception.crypto.vault import Vault
from reception.domain.access import SYSTEM
from reception.storage import sqlite, wall
from reception.storage.database import Database, create_engine
from reception.storage.errors import ConstraintBroken, SchemaMissing, SchemaTooNew

_MIGRATIONS = Path(__file__).parent / "migrations"

_UPGRADE_LOCK = 0x76_72_65_63
"""Any fixed number: two processes that upgrade at once take turns on it."""


async def upgrade(url: str, vault: Vault, *, revision: str = "head") -> None:
    """Apply every revision up to `revision` the database at `url` lacks, all in one transaction.

    An SQLite file is created when absent, for nobody else to read; its folder must exist. `vault` seals what older
    schemas kept in clear. On PostgreSQL `url` logs in as the owner, who grants the program's role
    what it needs; when nothing is lacking, any login will do.

    Raises:
        SchemaTooNew: a newer version of the program has been here.
        SchemaMissing: something is lacking, and `url` is not the owner's.
        WallMissing: the program's role is not there, and the owner may not make it.

    """
    file = make_url(url)
    if file.get_backend_name() == "sqlite":
        sqlite.keep_from_others(Path(str(file.database)))
    engine = create_engine(url, migrating=True)
    try:
        async with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK}
                )
            await connection.run_sync(_upgrade, vault, revision)
    finally:
        await engine.dispose()


async def require_current(db: Database) -> None:
    """Check that `db` has exactly the schema of this program, and that its wall holds.

    Raises:
        SchemaTooNew: a newer version of the program has been here.
        WallMissing: on PostgreSQL, when row-level security does not hold for the program.
        SchemaMissing: the database is empty or older; run `reception migrate`.

    """
    async with db.reading(SYSTEM) as tx:
        connection = await tx.connection()
        found = await connection.run_sync(_revision)
        newest = _newest()
        if found != newest:
            raise SchemaMissing(found=found or "", needed=newest or "")
        if db.dialect == "postgresql":
            await connection.run_sync(wall.require)


def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: Connection) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaTooNew(revision=found)
    return found


def _upgrade(connection: Connection, vault: Vault, revision: str) -> None:
    found, newest = _revision(connection), _newest()
    if found == newest:
        return
    if connection.dialect.name == "postgresql":
        if not wall.may_upgrade(connection):
            raise SchemaMissing(found=found or "", needed=newest or "")
        wall.prepare(connection)
    config = _config()
    config.attributes["connection"] = connection
    config.attributes["vault"] = vault
    command.upgrade(config, revision)
    if connection.dialect.name == "postgresql":
        wall.grant(connection)
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise ConstraintBroken(f"foreign keys of {sorted({row[0] for row in broken})}")
