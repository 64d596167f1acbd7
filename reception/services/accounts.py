"""Accounts and log-ins: which person is asking."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from reception.domain.access import PUBLIC, SYSTEM, Actor
from reception.domain.audit import AuditAction
from reception.domain.codes import Role
from reception.domain.errors import (
    BadCredentials,
    BadInput,
    NotLoggedIn,
    TooManyAttempts,
)
from reception.services import audit
from reception.storage import accounts as rows
from reception.storage import places
from reception.storage.database import Database, Transaction
from reception.storage.errors import NotUnique
from reception.storage.ids import hash_of, new_id, new_secret
from reception.storage.tables import Account, AuthSession, LoginFailure

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""How often a use is written down: often enough for `IDLE`, seldom enough for the disk."""

FREE_TRIES_OF_LOGIN = 5
FREE_TRIES_OF_ADDRESS = 20
LONGEST_DELAY = timedelta(seconds=42)
FORGET_TRIES_AFTER = timedelta(minutes=15)

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 128
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

Result = TypeVar("Result")

# Two threads and 64 MiB each: a burst of log-ins waits here and leaves the media its cores.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="argon2")


@dataclass(frozen=True)
class LoggedIn:
    """A log-in that holds; `token` goes into the cookie, `csrf` into every form."""

    token: str
    csrf: str
    actor: Actor


async def log_in(
    db: Database, *, login: str, password: str, address: str, now: datetime
) -> LoggedIn:
    """Check a password and open a log-in.

    Tries are counted per log-in name and per network address; after the free ones each further
    try has to wait, at most `LONGEST_DELAY`. Nobody is locked out for good.

    Raises:
        TooManyAttempts: `retry_seconds` says how long to wait.
        BadCredentials: unknown name, wrong password or disabled account, not told apart.

    """
    name = login.strip().lower()
    by_name, by_address = hash_of(f"login:{name}"), hash_of(f"address:{address}")
    keys = {by_name: FREE_TRIES_OF_LOGIN, by_address: FREE_TRIES_OF_ADDRESS}
    async with db.transaction(SYSTEM) as tx:
        for key, free in keys.items():
            _refuse_too_early(await rows.failures_of(tx, key), free, now)
        # Counted before the password is looked at: parallel tries must not slip through.
        for key in keys:
            await rows.count_attempt(tx, key, now, now - FORGET_TRIES_AFTER)
        account = await rows.account_by_login(tx, name)
    if not await _matches(account, password) or account is None or account.disabled_at is not None:
        async with db.transaction(SYSTEM) as tx:
            audit.record(
                tx,
                AuditAction.LOGIN_REFUSED,
                PUBLIC,
                "login",
                by_name,
                now,
                decision="refused",
            )
        raise BadCredentials
    token = new_secret()
    actor = actor_of_account(account)
    async with db.transaction(SYSTEM) as tx:
        await rows.forgive(tx, by_name)
        # Only this try: one good log-in must not cover the guesses of others at this address.
        await rows.uncount(tx, by_address)
        await rows.end_sessions_before(tx, created_before=now - ABSOLUTE, seen_before=now - IDLE)
        tx.add(
            AuthSession(
                token_hash=hash_of(token), account_id=account.id, created_at=now, seen_at=now
            )
        )
        audit.record(tx, AuditAction.LOGGED_IN, actor, "login", by_name, now)
    return LoggedIn(token=token, csrf=_csrf(token), actor=actor)


async def actor_of_session(db: Database, *, token: str, now: datetime) -> LoggedIn:
    """Return who is behind a session token, and note its use.

    Raises:
        NotLoggedIn: unknown, ended, idle for 30 minutes, 12 hours old, or account disabled.

    """
    async with db.reading(SYSTEM) as tx:
        found = await rows.session_with_account(tx, hash_of(token))
    if found is None:
        raise NotLoggedIn
    session, account = found
    if (
        now - session.seen_at >= IDLE
        or now - session.created_at >= ABSOLUTE
        or account.disabled_at is not None
    ):
        raise NotLoggedIn
    if now - session.seen_at >= SEEN_EVERY:
        async with db.transaction(SYSTEM) as tx:
            await rows.see_session(tx, session.token_hash, now)
    return LoggedIn(token=token, csrf=_csrf(token), actor=actor_of_account(account))


async def log_out(db: Database, *, token: str, now: datetime) -> None:
    """End a log-in; an unknown token is no error."""
    async with db.transaction(SYSTEM) as tx:
        await rows.end_session(tx, hash_of(token))


async def create_account(
    db: Database,
    *,
    login: str,
    name: str,
    role: Role,
    area_code: str,
    password: str,
    organ_id: str | None = None,
    leader_id: str | None = None,
    by: Actor = SYSTEM,
    now: datetime,
) -> str:
    """Create an account and return its id; log-in names are not case-sensitive.

    Raises:
        BadInput: log-in or person's name is empty, the log-in is taken, the password is not 12 to
            128 characters long, a leader or handler comes without leader or organ, or area,
            leader or organ are unknown.

    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadInput(field="password", reason="length", least=12, most=128)
    for field, value in (
        ("login", login.strip()),
        ("name", name.strip()),
        ("leader_id", leader_id or role is not Role.LEADER),
        ("organ_id", organ_id or role is not Role.HANDLER),
    ):
        if not value:
            raise BadInput(field=field, reason="missing")
    account = Account(
        id=new_id(),
        login=login.strip().lower(),
        name=name.strip(),
        role=role,
        area_code=area_code,
        organ_id=organ_id,
        leader_id=leader_id,
        password_hash=await _in_thread(lambda: _HASHER.hash(password)),
        created_at=now,
        disabled_at=None,
    )
    try:
        async with db.transaction(by) as tx:
            await _require_places(tx, account)
            tx.add(account)
            audit.record(
                tx,
                AuditAction.ACCOUNT_CREATED,
                by,
                "account",
                account.id,
                now,
                role=role.value,
                area_code=area_code,
            )
    except NotUnique:
        raise BadInput(field="login", reason="taken") from None
    return account.id


async def _require_places(tx: Transaction, account: Account) -> None:
    for field, is_unknown in (
        ("area_code", await places.area(tx, account.area_code) is None),
        ("leader_id", account.leader_id and await places.leader(tx, account.leader_id) is None),
        ("organ_id", account.organ_id and await places.organ(tx, account.organ_id) is None),
    ):
        if is_unknown:
            raise BadInput(field=field, reason="unknown")


def new_password() -> str:
    """Return a fresh password: 16 letters and digits in groups, none easily taken for another."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def _csrf(token: str) -> str:
    # Derived, so that nothing more is stored; knowing it does not give the token.
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def _refuse_too_early(failure: LoginFailure | None, free: int, now: datetime) -> None:
    if failure is None or failure.failures < free or now - failure.last_at >= FORGET_TRIES_AFTER:
        return
    delay = min(LONGEST_DELAY, timedelta(seconds=2 ** min(failure.failures - free, 6)))
    left = failure.last_at + delay - now
    if left > timedelta(0):
        raise TooManyAttempts(retry_seconds=max(1, round(left.total_seconds())))


async def _matches(account: Account | None, password: str) -> bool:
    """Check a password; an unknown account takes as long as a known one."""
    stored = account.password_hash if account is not None else None

    def verify() -> bool:
        try:
            return _HASHER.verify(stored or _hash_of_nobody(), password)
        except VerifyMismatchError:
            return False

    return await _in_thread(verify)


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash(new_secret())


async def _in_thread(work: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)


def actor_of_account(account: Account) -> Actor:
    """Return who acts when this account is logged in."""
    return Actor(
        kind="account",
        id=account.id,
        role=account.role,
        area_code=account.area_code,
        organ_id=account.organ_id,
        leader_id=account.leader_id,
        name=account.name,
    )
