"""The migrations build what the models say, on both engines, and know their limits."""

import traceback
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from reception.domain.access import SYSTEM, Actor
from reception.domain.codes import Role
from reception.services import cases
from reception.storage import sqlite
from reception.storage.database import Database, create_engine
from reception.storage.errors import ConstraintBroken, SchemaMissing, SchemaTooNew, SqliteTooOld
from reception.storage.schema import require_current, upgrade
from reception.storage.tables import Table
from tests.build import VAULT
from tests.databases import owners


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
    engine = create_engine(empty_url, migrating=True)
    async with engine.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
        modelled = await connection.run_sync(_checks)
        await connection.run_sync(Table.metadata.drop_all)
    await upgrade(empty_url, VAULT)
    async with engine.connect() as connection:
        assert await connection.run_sync(_checks) == modelled
    assert any("in_session" in check for check in modelled["booking"])
    await engine.dispose()


async def test_upgrading_an_empty_database_and_again_changes_nothing_more(empty_url: str) -> None:
    await upgrade(empty_url, VAULT)
    await upgrade(empty_url, VAULT)
    db = Database(empty_url, VAULT)
    await require_current(db)
    await db.close()


async def test_an_empty_database_is_refused_until_it_is_upgraded(empty_url: str) -> None:
    db = Database(empty_url, VAULT)
    with pytest.raises(SchemaMissing):
        await require_current(db)
    await db.close()


async def test_a_database_of_a_newer_program_is_refused(database_url: str) -> None:
    engine = create_engine(owners(database_url))
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await engine.dispose()
    db = Database(database_url, VAULT)
    with pytest.raises(SchemaTooNew):
        await require_current(db)
    with pytest.raises(SchemaTooNew):
        await upgrade(database_url, VAULT)
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
            await tx.execute(text("INSERT INTO leader (name) VALUES (:name)"), {"name": name})

    with pytest.raises(ConstraintBroken) as error:
        await insert("吴某某")
    shown = "".join(traceback.format_exception(error.value))
    assert "leader" in str(error.value)
    assert "吴某某" not in shown.replace('insert("吴某某")', "")


async def test_the_administrator_of_an_older_database_becomes_the_system_administrator(
    empty_url: str,
) -> None:
    await upgrade(empty_url, VAULT, revision="0004")
    engine = create_engine(empty_url)
    async with engine.begin() as connection:
        for statement in (
            "INSERT INTO area VALUES ('330700', '甲市', 'city', NULL, '330700')",
            "INSERT INTO account VALUES ('a', 'admin', '管理员', 'admin', '330700', NULL, NULL, 'h',"
            " '2026-01-01', NULL)",
            "INSERT INTO auth_session VALUES ('t', 'a', '2026-01-01', '2026-01-01')",
        ):
            await connection.execute(text(statement))
    await upgrade(empty_url, VAULT)
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT role FROM account"))
        assert found.scalar_one() == "sysadmin"
        found = await connection.execute(text("SELECT count(*) FROM auth_session"))
        assert found.scalar_one() == 0
    await engine.dispose()


IN_CLEAR = (
    "INSERT INTO area VALUES ('330700', '甲市', 'city', NULL, '330700')",
    "INSERT INTO leader VALUES ('l', '330700', '领导甲', '副市长', '水利', '政府', {no})",
    "INSERT INTO site VALUES ('s', '330700', '接访点', '一路', '0579', 1, {no})",
    "INSERT INTO reception_day VALUES ('d', 'l', NULL, '2026-03-10', '2026-03-10', {no}, '', {no},"
    " 'published', 'video_reception', '', '[]', '{at}', '', 1, '{at}', {no})",
    "INSERT INTO slot VALUES ('x', 'd', 'l', '{at}', '{to}', 'done', NULL, NULL, {no})",
    "INSERT INTO petitioner VALUES ('p', '吴阿根', '13800001234', 'zh', '[]', '{at}', {no})",
    "INSERT INTO petition_case VALUES ('c', '330700-2026-000001', 'ABCDEFGHJK', 'closed', 'p',"
    " 'video', 'enquiry', 'other', '330700', '330700', '水渠断水', '断水三月', 1, '{at}', NULL, '甲', {no})",
    "INSERT INTO case_event (id, case_id, at, kind, text_zh, text_en, actor_kind, actor_id,"
    " actor_name, public) VALUES (1, 'c', '{at}', 'remark', '张三来过', '张三来过', 'account', 'a',"
    " '登记员', {no})",
    "INSERT INTO booking (id, code, state, case_id, slot_id, leader_id, site_id, room, starts_at,"
    " ends_at, needs, kiosk_id, ended_reason, created_at, rehearsal) VALUES ('b', '123456',"
    " 'completed', 'c', 'x', 'l', 's', 1, '{at}', '{to}', '[]', NULL, '', '{at}', {no})",
    "INSERT INTO session (id, booking_id, case_id, leader_id, site_id, room_id, state, seats,"
    " slot_starts_at, slot_ends_at, preparation, version, rehearsal) VALUES ('e', 'b', 'c', 'l',"
    " 's', 'r', 'closed', 4, '{at}', '{to}', '已走访', 1, {no})",
    "INSERT INTO participant (id, session_id, role, seat, name, actor_kind, actor_id, actor, online)"
    " VALUES ('y', 'e', 'petitioner', 1, '吴阿根', 'kiosk', 'k', '{{}}', {no})",
    "INSERT INTO record_version VALUES ('v', 'e', 1, '吴阿根说水渠断水。', '{at}', '登记员')",
    "INSERT INTO signature VALUES ('e', 'M0 0L9 9', 1, '{at}')",
    "INSERT INTO outcome (id, session_id, version, type, text, legal_basis, saved_at, by_name)"
    " VALUES ('o', 'e', 1, 'answered', '一月修好', '', '{at}', '领导甲')",
)
TYPED = (
    "吴阿根",
    "13800001234",
    "ABCDEFGHJK",
    "水渠断水",
    "断水三月",
    "张三",
    "已走访",
    "M0 0L9 9",
    "一月修好",
)


async def test_what_an_older_schema_kept_in_clear_is_sealed_and_still_read(empty_url: str) -> None:
    await upgrade(empty_url, VAULT, revision="0006")
    engine = create_engine(empty_url)
    no = "false" if engine.dialect.name == "postgresql" else "0"
    async with engine.begin() as connection:
        for statement in IN_CLEAR:
            filled = statement.format(no=no, at="2026-03-10 01:00:00", to="2026-03-10 01:30:00")
            await connection.execute(text(filled))
    await upgrade(empty_url, VAULT)
    async with engine.connect() as connection:
        everything = [
            str(dict(row))
            for table in Table.metadata.tables
            for row in (await connection.execute(text(f"SELECT * FROM {table}"))).mappings()  # noqa: S608  # our own names
        ]
    await engine.dispose()
    assert [word for word in TYPED if word in " ".join(everything)] == []

    db = Database(empty_url, VAULT)
    clerk = Actor(kind="account", id="c", role=Role.CLERK, area_code="330700", name="登记员")
    now = datetime(2026, 3, 11, 1, 0, tzinfo=UTC)
    page = await cases.case_page(db, case_id="c", actor=clerk, now=now)
    (session,) = page.sessions
    assert session.record is not None
    assert session.outcome is not None
    shown = (
        page.case.petitioner_name,
        page.case.phone_masked,
        page.case.query_code,
        page.case.summary,
        page.case.facts,
        page.timeline[0].text_zh,
        session.preparation,
        session.record.text,
        session.record.strokes,
        session.outcome.text,
    )
    assert shown == (
        "吴阿根",
        "138****1234",
        "ABCDEFGHJK",
        "水渠断水",
        "断水三月",
        "张三来过",
        "已走访",
        "吴阿根说水渠断水。",
        "M0 0L9 9",
        "一月修好",
    )
    assert [one.id for one in await cases.list_cases(db, actor=clerk, search="吴阿根")] == ["c"]
    assert [one.id for one in await cases.list_cases(db, actor=clerk, search="断水")] == ["c"]
    await db.close()
