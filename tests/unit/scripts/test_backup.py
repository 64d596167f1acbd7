"""A backup is whole, private, and never overwrites another."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite

ROOT = Path(__file__).parents[3]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data directory in use: its one booking is committed, but still in the WAL only."""
    folder = tmp_path / "data"
    folder.mkdir()
    writer = sqlite.connect(folder / "reception.sqlite3")
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE booking (note TEXT)")
    writer.execute("INSERT INTO booking VALUES ('十五日')")
    writer.commit()
    yield folder
    writer.close()


def backup(data: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "backup.py"), str(data), str(target)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_backup_of_a_database_in_use_holds_what_was_committed(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "monday.sqlite3"
    run = backup(data, target)
    assert run.returncode == 0, run.stderr
    copy = sqlite.connect(target)
    assert copy.execute("SELECT note FROM booking").fetchall() == [("十五日",)]
    copy.close()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("monday")] == [
        "monday.sqlite3"
    ]


def test_a_backup_can_be_read_by_nobody_else(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "monday.sqlite3"
    backup(data, target)
    assert target.stat().st_mode & 0o077 == 0


def test_a_backup_never_overwrites(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "monday.sqlite3"
    target.write_text("the only copy")
    run = backup(data, target)
    assert run.returncode == 1
    assert "FileExistsError" in run.stderr
    assert target.read_text() == "the only copy"


def test_a_missing_database_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    run = backup(tmp_path, tmp_path / "monday.sqlite3")
    assert run.returncode == 1
    assert "FileNotFoundError" in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_makes_no_backup(data: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    whole = tmp_path / "whole.sqlite3"
    backup(data, whole)
    content = bytearray(whole.read_bytes())
    # The cell pointer of the table's only row, in the second page.
    content[4096 + 8 : 4096 + 10] = b"\xff\xff"
    (broken / "reception.sqlite3").write_bytes(content)
    run = backup(broken, tmp_path / "monday.sqlite3")
    assert run.returncode == 1
    assert run.stderr.startswith("CopyDamaged")
    assert list(tmp_path.glob("monday*")) == []
