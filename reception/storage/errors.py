"""What the database itself may answer, as exceptions a service can tell apart."""

from typing import ClassVar

from reception.domain.errors import Refused


class SqliteTooOld(Refused):
    """The SQLite library is older than 3.51.3 and may corrupt a database in WAL mode."""

    code: ClassVar[str] = "sqlite_too_old"


class SchemaTooNew(Refused):
    """The database was written by a newer version of this program; `revision` names it."""

    code: ClassVar[str] = "schema_too_new"


class SchemaMissing(Refused):
    """The database is empty or older than this program; `reception migrate` brings it up."""

    code: ClassVar[str] = "schema_missing"


class WallMissing(Refused):
    """The PostgreSQL role the program works as is not there, or row-level security does not hold it."""

    code: ClassVar[str] = "wall_missing"


class Contended(Refused):
    """The database was busy or broke a deadlock; nothing was changed, trying again is safe."""

    code: ClassVar[str] = "try_again"


class Overlapping(Exception):
    """Two live bookings would hold one leader or one room at the same time."""


class NotUnique(Exception):
    """A row with this unique value is there already."""


class ConstraintBroken(Exception):
    """A row breaks a constraint of the schema; the message names it and quotes no value."""
