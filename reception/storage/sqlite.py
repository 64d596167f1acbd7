"""Puts a SQLite library without the WAL-reset bug behind the name `sqlite3`.

SQLite 3.7.0 to 3.51.2 can corrupt a database in WAL mode; the `pysqlite3` wheel carries a
library with the fix. This module must be imported before aiosqlite.
"""

import sys

import pysqlite3
import pysqlite3.dbapi2

from reception.storage.errors import SqliteTooOld

OLDEST_SAFE = (3, 51, 3)

sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2


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
