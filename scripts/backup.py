"""Copy the running program's SQLite database: `.venv/bin/python scripts/backup.py DATA TARGET`.

DATA is the data directory, TARGET a file that does not exist yet. The copy is made by SQLite's
online backup, so the program may go on writing; it is checked before it gets its name.
"""

import argparse
import os
import sys
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

PAGES_AT_ONCE = 1024  # 4 MiB: writers wait no longer than one such step takes
PAUSE_SECONDS = 0.01


class CopyDamaged(Exception):
    """The copy does not pass SQLite's own check; it was not kept."""


def back_up(database: Path, target: Path) -> int:
    """Copy ``database`` to ``target`` and return the copy's size in bytes.

    Raises:
        FileNotFoundError: there is no such database.
        FileExistsError: the target is there already; nothing was changed.
        CopyDamaged: the copy failed its check and was removed.
    """
    if not database.is_file():
        raise FileNotFoundError(database)
    if target.exists():
        raise FileExistsError(target)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        _copy(database, part)
        said = _check(part)
    except sqlite.DatabaseError as error:
        # Damage that SQLite meets while copying or checking ends either with an exception.
        said = str(error)
    if said != "ok":
        part.unlink()
        raise CopyDamaged(said)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.rename(target)
    return target.stat().st_size


def _copy(database: Path, part: Path) -> None:
    source = sqlite.connect(f"file:{database}?mode=ro", uri=True)
    copy = sqlite.connect(part)
    try:
        source.backup(copy, pages=PAGES_AT_ONCE, sleep=PAUSE_SECONDS)
        # A copy is one file: it must not need a journal beside it to be read.
        copy.execute("PRAGMA journal_mode = DELETE")
    finally:
        copy.close()
        source.close()


def _check(part: Path) -> str:
    copy = sqlite.connect(f"file:{part}?mode=ro", uri=True)
    try:
        return str(copy.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        copy.close()


def main() -> int:
    """Run the command; 0 when the copy is there and whole."""
    parser = argparse.ArgumentParser(description="Copy the running program's SQLite database.")
    parser.add_argument("data", type=Path, help="the data directory (RECEPTION_DATA)")
    parser.add_argument("target", type=Path, help="the file to write; it must not exist")
    arguments = parser.parse_args()
    try:
        size = back_up(arguments.data / "reception.sqlite3", arguments.target)
    except (FileNotFoundError, FileExistsError, CopyDamaged) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    sys.stdout.write(f"{arguments.target}: {size:,} bytes, checked\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
