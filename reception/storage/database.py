"""The database: one engine, transactions that are whole or not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, TypeVar

from sqlalchemy import Connection, event, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from reception.crypto.vault import Vault
from reception.domain.access import Actor
from reception.domain.audit import AuditFact
from reception.domain.codes import Role
from reception.storage import audit, sqlite, wall
from reception.storage.errors import (
    ConstraintBroken,
    Contended,
    NotUnique,
    Overlapping,
    WallMissing,
)

POOL_SIZE = 20
POOL_WAIT_SECONDS = 2.0
SQLITE_BUSY_MILLISECONDS = 5000
STATEMENT_TIMEOUT = "5s"
IDLE_IN_TRANSACTION_TIMEOUT = "10s"

OVERLAP_MARK = "booking_overlap"
"""The text the SQLite trigger raises; migration 1 writes it."""

_PRAGMAS = (
    f"PRAGMA busy_timeout = {SQLITE_BUSY_MILLISECONDS}",
    "PRAGMA journal_mode = WAL",
    # NORMAL may lose an acknowledged commit when the power goes.
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
)

_EXCLUSION_VIOLATION = "23P01"
_UNIQUE_VIOLATION = "23505"
_NO_SUCH_ROLE_STATES = {"22023", "42501"}  # invalid_parameter_value, insufficient_privilege
_TRY_AGAIN_STATES = {
    "40P01",  # deadlock_detected
    "40001",  # serialization_failure
    "55P03",  # lock_not_available
    "57014",  # query_canceled: statement_timeout
}

T = TypeVar("T")


class Transaction(AsyncSession):
    """One unit of work; it lives inside the `async with` that opened it and nowhere else.

    It is done for `actor`; `vault` opens and seals what it reads and writes. What is put into
    `facts` is appended to the audit log right before the commit, or never.
    """

    def __init__(self, *arguments: Any, actor: Actor, vault: Vault, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.actor = actor
        self.vault = vault
        self.facts: list[AuditFact] = []
        self._walled = self.get_bind().dialect.name == "postgresql"

    async def enter(self) -> None:
        """Tell the database for whom this is; `Database` does it first of all.

        Raises:
            WallMissing: the login may not work as the program's role, or there is none.

        """
        if not self._walled:
            return
        try:
            await self.execute(wall.ENTER, wall.settings_of(self.actor))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in _NO_SUCH_ROLE_STATES:
                raise WallMissing(role=wall.APP_ROLE) from None
            raise

    @asynccontextmanager
    async def as_program(self) -> AsyncIterator[None]:
        """See every row for a moment: for what is to be decided, or what only must not collide."""
        lifts = self._walled and self.actor.role is not Role.SYSTEM
        if lifts:
            await self.execute(wall.LIFT)
        try:
            yield
        except DBAPIError:
            raise  # the transaction is over, and its settings with it
        except BaseException:
            if lifts:
                await self.execute(wall.RAISE)
            raise
        if lifts:
            await self.execute(wall.RAISE)

    async def admit(self, case_id: str) -> None:
        """Open one case, the only one, for the rest of the transaction: the actor may have it."""
        if self._walled:
            await self.execute(wall.ADMIT, {"case": case_id})

    async def decided(
        self, find: Callable[[], Awaitable[T | None]], decide: Callable[[T], Awaitable[str]]
    ) -> T | None:
        """Return what `find` finds, or None, once `decide` did not refuse it.

        What lies behind the wall is found too, so that the refusal is the same on every database;
        the decision may go further than what the actor comes across, and opens that one case.

        Args:
            decide: raises the refusal, or returns the id of the case.

        """
        found = await find()
        if found is not None:
            await decide(found)
            return found
        async with self.as_program():
            found = await find()
            if found is None:
                return None
            case_id = await decide(found)
        await self.admit(case_id)
        return found

    async def put(self, *new_rows: object) -> None:
        """Insert rows in the given order, so that a row may refer to one before it."""
        for row in new_rows:
            self.add(row)
            await self.flush()


class Database:
    """Opens transactions on `sqlite+aiosqlite:///PATH` or `postgresql+asyncpg://…`.

    Several processes may open the same database. A transaction commits when its block ends and
    rolls back when the block raises.

    Raises:
        SqliteTooOld: on SQLite, when the library has the WAL-reset bug.

    """

    def __init__(self, url: str, vault: Vault) -> None:
        self.vault = vault
        self.dialect = make_url(url).get_backend_name()
        self._engine = create_engine(url)
        self._reader = self._engine.execution_options(sqlite_begin="BEGIN")
        # SQLite has one writer. Waiting here is fair and wakes at once; SQLite's own busy
        # handler, which still stands between processes, polls.
        self._turn = asyncio.Lock() if self.dialect == "sqlite" else None

    def transaction(self, actor: Actor) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction for `actor` that may write (on SQLite it takes the write lock first).

        Raises:
            Contended: the database stayed busy, or broke a deadlock by ending this transaction.
            Overlapping: two live bookings would overlap.
            NotUnique: a unique constraint was broken.
            ConstraintBroken: any other constraint was; a bug of ours.

        """
        return self._open(actor, self._engine, self._turn or nullcontext())

    def reading(self, actor: Actor) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction for `actor` that only reads; on SQLite it runs beside a writer."""
        return self._open(actor, self._reader, nullcontext())

    async def close(self) -> None:
        """Close every connection; open transactions must have ended."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _open(
        self, actor: Actor, engine: AsyncEngine, turn: AbstractAsyncContextManager[Any]
    ) -> AsyncIterator[Transaction]:
        async with turn:
            try:
                async with (
                    Transaction(
                        engine,
                        actor=actor,
                        vault=self.vault,
                        expire_on_commit=False,
                        # States change by UPDATE … WHERE; what is read afterwards must be the row.
                        execution_options={"populate_existing": True},
                    ) as tx,
                    tx.begin(),
                ):
                    await tx.enter()
                    yield tx
                    await audit.append(tx, tx.facts)
            except DBAPIError as error:
                translated = _translate(error)
                if translated is None:
                    raise
                # Not chained: PostgreSQL's detail quotes the row, which may name somebody.
                raise translated from None
            except PoolTimeoutError as error:
                raise Contended(reason="pool") from error


def create_engine(url: str, *, migrating: bool = False) -> AsyncEngine:
    """Return an engine with our durability and safety settings.

    Errors name the statement without its values: those may be somebody's name.

    `migrating=True` leaves out PostgreSQL's time limits, since a migration may take longer, and
    SQLite's foreign keys, since a table it changes is built anew; who migrates checks them. Without
    it SQLite refuses everything but rows (`sqlite.only_rows`).
    """
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_engine(url, migrating=migrating)
    settings = {"application_name": "reception", "timezone": "UTC"}
    if not migrating:
        settings["statement_timeout"] = STATEMENT_TIMEOUT
        settings["idle_in_transaction_session_timeout"] = IDLE_IN_TRANSACTION_TIMEOUT
    return create_async_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"server_settings": settings},
    )


def _sqlite_engine(url: str, *, migrating: bool) -> AsyncEngine:
    sqlite.require_safe_library()
    engine = create_async_engine(
        url, pool_size=POOL_SIZE, pool_timeout=POOL_WAIT_SECONDS, hide_parameters=True
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(dbapi_connection: Any, _record: object) -> None:
        # The driver must not open transactions by itself: it would begin them deferred.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.execute(f"PRAGMA foreign_keys = {'OFF' if migrating else 'ON'}")
        cursor.close()
        if not migrating:
            dbapi_connection.run_async(lambda driver: driver.set_authorizer(sqlite.only_rows))

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writer fails at once when another wrote
        # meanwhile; taking the write lock first waits instead.
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("sqlite_begin", "BEGIN IMMEDIATE"))

    return engine


def _translate(error: DBAPIError) -> Exception | None:
    sqlstate = getattr(error.orig, "sqlstate", None)
    text = str(error.orig)
    if sqlstate == _EXCLUSION_VIOLATION or OVERLAP_MARK in text:
        return Overlapping()
    if sqlstate in _TRY_AGAIN_STATES or "database is locked" in text:
        return Contended(reason="busy")
    if isinstance(error, IntegrityError):
        if sqlstate == _UNIQUE_VIOLATION or "UNIQUE constraint failed" in text:
            return NotUnique()
        return ConstraintBroken(text.partition("\n")[0])
    return None
