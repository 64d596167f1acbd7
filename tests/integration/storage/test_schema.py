"""The migrations build what the models say, on both engines, and know their limits."""

import traceback
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from reception.domain.access import SYSTEM
from reception.storage import sqlite
from reception.storage.database import Database, create_engine
from reception.storage.errors import ConstraintBroken, SchemaMissing, SchemaTooNew, SqliteTooOld
from reception.storage.schema import require_current, upgrade
from reception.storage.tables import Table
from tests.build import VAULT


def _ours(name: str | None, kind: str, *_rest: object) -> bool:
    # The range column and its index exist on PostgreSQL only; migration 1 writes them by hand.
    return not (kind == "column" and name == "during") and not str(name).startswith("ex_booking_")


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"include_object": lambda _o, name, kind, *_: _ours(name, kind)}
    )
    return list(compare_metadata(context, Table.metadata))


def _checks(connection: Connection) -> dict[str, list[str]]:
    inspector = inspect(connection)
    return {
        table: sorted(
            f"{check['name']}: {check['sqltext']}"
            for check in inspector.get_check_constraints(table)
        )
        for table in Table.metadata.tables
    }


async def test_models_and_migrations_agree(database_url: str) -> None:
    engine = create_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    await engine.dispose()


async def test_models_and_migrations_have_the_same_checks(empty_url: str) -> None:
    engine = create_engine(empty_url)
    async with engine.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
        modelled = await connection.run_sync(_checks)
        await connection.run_sync(Table.metadata.drop_all)
    await upgrade(empty_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(_checks) == modelled
    assert any("in_session" in check for check in modelled["booking"])
    await engine.dispose()


async def test_upgrading_an_empty_database_and_again_changes_nothing_more(empty_url: str) -> None:
    await upgrade(empty_url)
    await upgrade(empty_url)
    db = Database(empty_url, VAULT)
    await require_current(db)
    await db.close()


async def test_an_empty_database_is_refused_until_it_is_upgraded(empty_url: str) -> None:
    db = Database(empty_url, VAULT)
    with pytest.raises(SchemaMissing):
        await require_current(db)
    await db.close()


async def test_a_database_of_a_newer_program_is_refused(database_url: str) -> None:
    db = Database(database_url, VAULT)
    async with db.transaction(SYSTEM) as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew):
        await require_current(db)
    with pytest.raises(SchemaTooNew):
        await upgrade(database_url)
    await db.close()


def test_a_sqlite_library_with_the_wal_bug_is_refused() -> None:
    with pytest.raises(SqliteTooOld):
        sqlite.require_safe_library((3, 51, 2))
    sqlite.require_safe_library((3, 51, 3))


async def test_sqlite_keeps_every_acknowledged_commit(sqlite_database_url: str) -> None:
    db = Database(sqlite_database_url, VAULT)
    async with db.reading(SYSTEM) as tx:
        found = {
            name: (await tx.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    await db.close()


async def test_an_error_of_the_database_names_no_values(db: Database) -> None:
    async def insert(name: str) -> None:
        async with db.transaction(SYSTEM) as tx:
            await tx.execute(text("INSERT INTO petitioner (name) VALUES (:name)"), {"name": name})

    with pytest.raises(ConstraintBroken) as error:
        await insert("吴某某")
    shown = "".join(traceback.format_exception(error.value))
    assert "petitioner" in str(error.value)
    assert "吴某某" not in shown.replace('insert("吴某某")', "")


async def test_the_administrator_of_an_older_database_becomes_the_system_administrator(
    empty_url: str,
) -> None:
    await upgrade(empty_url, revision="0004")
    engine = create_engine(empty_url)
    async with engine.begin() as connection:
        for statement in (
            "INSERT INTO area VALUES ('330700', '甲市', 'city', NULL, '330700')",
            "INSERT INTO account VALUES ('a', 'admin', '管理员', 'admin', '330700', NULL, NULL, 'h',"
            " '2026-01-01', NULL)",
            "INSERT INTO auth_session VALUES ('t', 'a', '2026-01-01', '2026-01-01')",
        ):
            await connection.execute(text(statement))
    await upgrade(empty_url)
    async with engine.connect() as connection:
        found = await connection.execute(
            text("SELECT role FROM account JOIN auth_session ON account_id = id")
        )
        assert found.scalar_one() == "sysadmin"
    await engine.dispose()
