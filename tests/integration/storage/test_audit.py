"""The audit log on both engines: only ever longer, whole with its change, and found out if not."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from reception.domain.access import SYSTEM
from reception.domain.audit import AuditAction
from reception.services import audit
from reception.services.audit_verify import Problem, Verdict, verify
from reception.services.errors import CheckpointsUnreadable
from reception.storage import audit as rows
from reception.storage.database import Database, Transaction
from reception.storage.errors import ConstraintBroken
from reception.storage.signing import Signer, load_or_make_key
from recordings.suites import SUITES
from tests.build import CLERK, NOW, VAULT
from tests.databases import as_owner

Spoil = Callable[[Transaction], Awaitable[None]]


@pytest.fixture(params=list(SUITES.values()), ids=list(SUITES))
def signer(tmp_path: Path, request: pytest.FixtureRequest) -> Signer:
    return load_or_make_key(tmp_path / "audit.pem", suite=request.param)


async def add(db: Database, count: int, *, first: int = 1) -> None:
    """Append events about the cases `first`, `first` + 1, …, one transaction each."""
    for number in range(first, first + count):
        async with db.transaction(SYSTEM) as tx:
            audit.record(
                tx, AuditAction.CASE_OPENED, CLERK, "case", f"case{number}", NOW, times=number
            )


async def looked_at(db: Database, signer: Signer | None, *, outside: str | None = None) -> Verdict:
    verifier = None if signer is None else signer.verifier
    return await verify(db, verifier=verifier, outside=outside)


async def spoil(db: Database, *statements: str) -> None:
    """Do as somebody with full rights on the database can: take the triggers off, then change."""
    async with as_owner(db) as connection:
        if db.dialect == "sqlite":
            for table in ("event", "checkpoint"):
                for kind in ("update", "delete", "replace"):
                    await connection.execute(
                        text(f"DROP TRIGGER IF EXISTS audit_{table}_no_{kind}")
                    )
        else:
            await connection.execute(text("ALTER TABLE audit_event DISABLE TRIGGER USER"))
            await connection.execute(text("ALTER TABLE audit_checkpoint DISABLE TRIGGER USER"))
        for statement in statements:
            await connection.execute(text(statement))


async def test_an_untouched_log_is_whole(db: Database, signer: Signer) -> None:
    await add(db, 5)
    note = await audit.checkpoint(db, signer=signer, now=NOW)
    await add(db, 2, first=6)
    assert await looked_at(db, signer, outside=note) == Verdict(7, 1, 1, None)


async def test_an_empty_log_is_whole_and_has_nothing_to_sign(db: Database, signer: Signer) -> None:
    assert await looked_at(db, signer) == Verdict(0, 0, None, None)
    assert await audit.checkpoint(db, signer=signer, now=NOW) is None


async def test_a_transaction_that_fails_leaves_no_event(db: Database, signer: Signer) -> None:
    async def fail() -> None:
        async with db.transaction(SYSTEM) as tx:
            audit.record(tx, AuditAction.BOOKED, CLERK, "booking", "b1", NOW)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert (await looked_at(db, signer)).events == 0


async def test_many_writers_make_one_chain(db: Database, signer: Signer) -> None:
    await asyncio.gather(*(add(db, 4, first=10 * number) for number in range(8)))
    assert await looked_at(db, signer) == Verdict(32, 0, None, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor_id = 'somebody' WHERE seq = 1",
        "DELETE FROM audit_event WHERE seq = 1",
        "DELETE FROM audit_event WHERE seq = 99",
        "UPDATE audit_checkpoint SET note = ''",
        "DELETE FROM audit_checkpoint",
    ],
)
async def test_the_database_refuses_changes(db: Database, signer: Signer, statement: str) -> None:
    await add(db, 2)
    await audit.checkpoint(db, signer=signer, now=NOW)
    if statement.endswith("99") and db.dialect == "sqlite":
        return  # SQLite's triggers are asked for each row, and there is none
    with pytest.raises((ConstraintBroken, DBAPIError), match=r"append_only|permission denied"):
        async with db.transaction(SYSTEM) as tx:
            await tx.execute(text(statement))
    with pytest.raises(DBAPIError, match="append_only"):
        async with as_owner(db) as connection:
            await connection.execute(text(statement))
    assert (await looked_at(db, signer)).ok


async def test_sqlite_refuses_to_replace_a_row(sqlite_database_url: str) -> None:
    db = Database(sqlite_database_url, VAULT)
    await add(db, 1)
    with pytest.raises(ConstraintBroken, match="append_only"):
        async with db.transaction(SYSTEM) as tx:
            await tx.execute(
                text("INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE seq = 1")
            )
    await db.close()


def moved(seq: int, to: int) -> str:
    return f"UPDATE audit_event SET seq = {to} WHERE seq = {seq}"  # noqa: S608  # two numbers


SPOILED = {
    "a field": (["UPDATE audit_event SET actor_id = 'x' WHERE seq = 4"], Problem("altered", 4)),
    "the time": (
        ["UPDATE audit_event SET at = '2026-03-10 02:00:00.000000' WHERE seq = 4"],
        Problem("altered", 4),
    ),
    "the detail": (
        ["""UPDATE audit_event SET detail = '{"times": 5}' WHERE seq = 4"""],
        Problem("altered", 4),
    ),
    "the detail, no object": (
        ["UPDATE audit_event SET detail = '7' WHERE seq = 4"],
        Problem("altered", 4),
    ),
    "what was hashed": (
        [
            "UPDATE audit_event SET canon = (SELECT canon FROM audit_event WHERE seq = 5) "
            "WHERE seq = 4"
        ],
        Problem("chain_broken", 4),
    ),
    "the chain": (
        [
            "UPDATE audit_event SET chain = (SELECT chain FROM audit_event WHERE seq = 5) "
            "WHERE seq = 4"
        ],
        Problem("chain_broken", 4),
    ),
    "deleted": (["DELETE FROM audit_event WHERE seq = 4"], Problem("missing", 4)),
    "deleted and closed up": (
        [
            "DELETE FROM audit_event WHERE seq = 4",
            *(moved(n, n - 1) for n in range(5, 9)),
        ],
        Problem("chain_broken", 4),
    ),
    "the first deleted": (["DELETE FROM audit_event WHERE seq = 1"], Problem("missing", 1)),
    "reordered": (
        [
            moved(4, 99),
            moved(5, 4),
            moved(99, 5),
        ],
        Problem("chain_broken", 4),
    ),
    "inserted": (
        [
            *(moved(n, n + 1) for n in range(8, 3, -1)),
            "INSERT INTO audit_event SELECT 4, at, actor_kind, actor_id, actor_role, action, "
            "object_kind, object_id, decision, purpose, detail, canon, chain "
            "FROM audit_event WHERE seq = 3",
        ],
        Problem("chain_broken", 4),
    ),
    "cut off": (["DELETE FROM audit_event WHERE seq > 4"], Problem("truncated", 6)),
    "the checkpoint, beyond reading": (
        ["UPDATE audit_checkpoint SET note = 'gone'"],
        Problem("bad_signature", 6),
    ),
    "the checkpoint": (
        ["UPDATE audit_checkpoint SET note = replace(note, 'time 2026', 'time 2025')"],
        Problem("bad_signature", 6),
    ),
}


@pytest.mark.parametrize("how", SPOILED)
async def test_what_was_spoiled_is_named(db: Database, signer: Signer, how: str) -> None:
    await add(db, 6)
    note = await audit.checkpoint(db, signer=signer, now=NOW)
    await add(db, 2, first=7)
    statements, problem = SPOILED[how]
    await spoil(db, *statements)
    assert (await looked_at(db, signer)).problem == problem
    assert (await looked_at(db, signer, outside=note)).problem == problem


async def test_a_value_sqlite_cannot_even_read_is_named(
    sqlite_database_url: str, signer: Signer
) -> None:
    db = Database(sqlite_database_url, VAULT)
    await add(db, 3)
    await spoil(db, "UPDATE audit_event SET at = 'yesterday' WHERE seq = 2")
    assert (await looked_at(db, signer)).problem == Problem("altered", 2)
    await db.close()


async def test_a_log_written_anew_does_not_fit_its_checkpoint(db: Database, signer: Signer) -> None:
    await add(db, 6)
    note = await audit.checkpoint(db, signer=signer, now=NOW)
    await spoil(db, "DELETE FROM audit_event")
    await add(db, 6, first=2)
    assert (await looked_at(db, signer)).problem == Problem("tree_differs", 6)
    await spoil(db, "DELETE FROM audit_checkpoint")
    assert (await looked_at(db, signer)).ok
    assert (await looked_at(db, signer, outside=note)).problem == Problem("tree_differs", 6)


async def test_a_cut_log_is_found_only_by_an_outside_copy(db: Database, signer: Signer) -> None:
    await add(db, 6)
    note = await audit.checkpoint(db, signer=signer, now=NOW)
    await spoil(db, "DELETE FROM audit_event WHERE seq > 4", "DELETE FROM audit_checkpoint")
    alone = await looked_at(db, signer)
    assert (alone.ok, alone.outside) == (True, None)
    assert (await looked_at(db, signer, outside=note)).problem == Problem("truncated", 6)


async def test_an_old_copy_of_the_database_is_found_only_by_an_outside_copy(
    sqlite_database_url: str, signer: Signer, tmp_path: Path
) -> None:
    db = Database(sqlite_database_url, VAULT)
    await add(db, 4)
    first = await audit.checkpoint(db, signer=signer, now=NOW)
    await db.close()
    path = Path(make_url(sqlite_database_url).database or "")
    shutil.copy(path, tmp_path / "old.db")
    db = Database(sqlite_database_url, VAULT)
    await add(db, 4, first=5)
    second = await audit.checkpoint(db, signer=signer, now=NOW)
    await db.close()
    shutil.copy(tmp_path / "old.db", path)
    db = Database(sqlite_database_url, VAULT)
    assert (await looked_at(db, signer)).ok
    assert (await looked_at(db, signer, outside=first)).ok
    kept = f"{first}\n{second}\n"
    assert (await looked_at(db, signer, outside=kept)).problem == Problem("truncated", 8)
    # Also after it has grown past the checkpoint again.
    await add(db, 5, first=90)
    assert (await looked_at(db, signer, outside=kept)).problem == Problem("tree_differs", 8)
    await db.close()


async def test_a_checkpoint_of_another_key_is_not_believed(
    db: Database, signer: Signer, tmp_path: Path
) -> None:
    await add(db, 2)
    await audit.checkpoint(db, signer=signer, now=NOW)
    other = load_or_make_key(tmp_path / "other.pem")
    assert (await looked_at(db, other)).problem == Problem("bad_signature", 2)
    assert (await looked_at(db, None)).problem == Problem("no_key", 0)


async def test_a_file_that_holds_no_checkpoints_is_refused(db: Database, signer: Signer) -> None:
    with pytest.raises(CheckpointsUnreadable):
        await looked_at(db, signer, outside="minutes of the meeting\n")


async def test_a_checkpoint_is_due_after_ten_minutes_or_a_thousand_events(
    db: Database, signer: Signer
) -> None:
    assert not await audit.is_checkpoint_due(db, now=NOW)
    await add(db, 1)
    assert await audit.is_checkpoint_due(db, now=NOW)
    assert await audit.checkpoint(db, signer=signer, now=NOW) is not None
    assert await audit.checkpoint(db, signer=signer, now=NOW) is None
    later = NOW + timedelta(minutes=10)
    assert not await audit.is_checkpoint_due(db, now=later)
    await add(db, 1)
    assert not await audit.is_checkpoint_due(db, now=later - timedelta(seconds=1))
    assert await audit.is_checkpoint_due(db, now=later)
    async with db.transaction(SYSTEM) as tx:
        for number in range(999):
            audit.record(tx, AuditAction.CASE_OPENED, CLERK, "case", f"many{number}", NOW)
    assert await audit.is_checkpoint_due(db, now=NOW)


async def test_two_who_sign_at_once_make_one_checkpoint(db: Database, signer: Signer) -> None:
    await add(db, 3)
    made = await asyncio.gather(*(audit.checkpoint(db, signer=signer, now=NOW) for _ in range(3)))
    async with db.reading(SYSTEM) as tx:
        kept = [row.note for row in await rows.checkpoints(tx)]
    assert len(kept) == 1
    assert [note for note in made if note is not None] == kept
    assert await audit.newest_checkpoint(db) == kept[0]
