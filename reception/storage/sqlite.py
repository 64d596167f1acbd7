"""Puts a SQLite library without the WAL-reset bug behind the name `sqlite3`.

SQLite 3.7.0 to 3.51.2 can corrupt a database in WAL mode; the `pysqlite3` wheel carries a
library with the fix. This module must be imported before aiosqlite.
"""

import sys
from pathlib import Path
from typing import Final

import pysqlite3
import pysqlite3.dbapi2

from reception.storage.errors import SqliteTooOld

OLDEST_SAFE = (3, 51, 3)

sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2

_DENIED: Final = frozenset(
    getattr(pysqlite3, f"SQLITE_{name}")
    for name in (
        *("ATTACH", "DETACH", "ALTER_TABLE", "REINDEX", "ANALYZE"),
        *(
            f"{verb}_{kind}"
            for verb in ("CREATE", "DROP")
            for kind in (
                *("TABLE", "INDEX", "TRIGGER", "VIEW", "VTABLE"),
                *("TEMP_TABLE", "TEMP_INDEX", "TEMP_TRIGGER", "TEMP_VIEW"),
            )
        ),
    )
)
_LOOKING: Final = frozenset(
    {"table_info", "table_xinfo", "index_list", "index_info", "index_xinfo", "foreign_key_list"}
)
"""Pragmas whose argument is what to look at, not what to set."""


def only_rows(
    action: int, first: str | None, second: str | None, _database: str | None, _inner: str | None
) -> int:
    """Authorize a statement of the running program: it reads and writes rows, nothing else.

    No other file, no code, no setting and no schema, whatever text gets into a statement.
    """
    if action == pysqlite3.SQLITE_PRAGMA:
        denied = second is not None and first not in _LOOKING
    elif action == pysqlite3.SQLITE_FUNCTION:
        denied = second == "load_extension"
    else:
        denied = action in _DENIED
    return int(pysqlite3.SQLITE_DENY if denied else pysqlite3.SQLITE_OK)


def keep_from_others(file: Path) -> None:
    """Make a database file that only its owner reads; SQLite gives its log the same mode."""
    file.touch(mode=0o600)
    for part in (file, *file.parent.glob(f"{file.name}-*")):
        part.chmod(0o600)


def require_safe_library(version: tuple[int, int, int] | None = None) -> None:
    """Refuse a SQLite library with the WAL-reset bug.

    Raises:
        SqliteTooOld: `version` (by default the library in use) is older than 3.51.3.

    """
    found: tuple[int, int, int] = version or pysqlite3.sqlite_version_info
    if found < OLDEST_SAFE:
        raise SqliteTooOld(
            version=".".join(map(str, found)), needed=".".join(map(str, OLDEST_SAFE))
        )
