"""Accounts and log-ins: which person is asking."""

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from reception.domain.access import PUBLIC, SYSTEM, Action, Actor, Target
from reception.domain.audit import AuditAction
from reception.domain.codes import Role
from reception.domain.errors import (
    BadCredentials,
    BadInput,
    NotFound,
    NotLoggedIn,
)
from reception.domain.factors import RelyingParty
from reception.domain.passwords import RULES, Profile, classes_of
from reception.services import audit, passwords, second_factor
from reception.services import security_keys as keys
from reception.services.hashing import hash_password, matches, needs_rehash
from reception.services.permission import require
from reception.services.tries import count_try, neighbourhood
from reception.storage import accounts as rows
from reception.storage import delegations, places, security_keys
from reception.storage.database import Database, Transaction
from reception.storage.errors import NotUnique
from reception.storage.ids import hash_of, new_id, new_secret
from reception.storage.tables import Account, AuthSession, PendingLogin

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""How often a use is written down: often enough for `IDLE`, seldom enough for the disk."""

FREE_TRIES_OF_LOGIN = 5
FREE_TRIES_OF_ADDRESS = 20

PROOF_HOLDS = timedelta(minutes=15)
"""So long a proof of who one is counts for what must not be done at a forgotten screen."""

MOST_LOG_INS = 10
"""Side by side, of one account; one more ends the one that was used longest ago."""

PENDING_FOR = timedelta(minutes=5)
CODE_TRIES = 5
LONGEST_AGENT = 60

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class LoggedIn:
    """A log-in that holds; `token` goes into the cookie, `csrf` into every form.

    `must_change`: somebody else chose the password.
    """

    token: str
    csrf: str
    actor: Actor
    must_change: bool
    password_changed_at: datetime
    has_app: bool
    has_key: bool
    verified_at: datetime
    factor_reset_at: datetime | None

    @property
    def has_factor(self) -> bool:
        """Whether there is any second factor."""
        return self.has_app or self.has_key

    def is_fresh(self, now: datetime, within: timedelta = PROOF_HOLDS) -> bool:
        """Return whether the person proved who they are no longer ago than `within`."""
        return now - self.verified_at < within


@dataclass(frozen=True)
class Pending:
    """The password was right; `token` waits five minutes for the second factor."""

    token: str
    has_app: bool
    has_key: bool


@dataclass(frozen=True)
class SessionView:
    """A log-in that holds: when it began and was last used, from what, and whether it is this one."""

    id: str
    created_at: datetime
    seen_at: datetime
    agent: str
    address: str
    current: bool


async def log_in(
    db: Database, *, login: str, password: str, address: str, agent: str = "", now: datetime
) -> LoggedIn | Pending:
    """Check a password and open a log-in, or ask for the second factor where there is one.

    Tries are counted per log-in name and per network address; after the free ones each further
    try has to wait, at most 42 seconds. Nobody is locked out for good.

    Raises:
        TooManyAttempts: `retry_seconds` says how long to wait.
        BadCredentials: unknown name, wrong password or disabled account, not told apart.

    """
    name = login.strip().lower()
    by_name, by_address = hash_of(f"login:{name}"), _by_address(address)
    keys = {by_name: FREE_TRIES_OF_LOGIN, by_address: FREE_TRIES_OF_ADDRESS}
    async with db.transaction(SYSTEM) as tx:
        await count_try(tx, keys, now)
        account = await rows.account_by_login(tx, name)
    right = await matches(None if account is None else account.password_hash, password)
    if not right or account is None or account.disabled_at is not None:
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
    if needs_rehash(account.password_hash):
        await _rehash(db, account.id, password)
    async with db.transaction(SYSTEM) as tx:
        has_key = await security_keys.has_key(tx, account.id)
        if account.totp_seed is not None or has_key:
            return await _wait_for_proof(tx, account, now, has_key=has_key)
        await rows.forgive(tx, by_name)
        # Only this try: one good log-in must not cover the guesses of others at this address.
        await rows.uncount(tx, by_address)
        return await _open(tx, account, address, agent, now)


async def log_in_with_code(
    db: Database, *, pending: str, code: str, address: str, agent: str = "", now: datetime
) -> LoggedIn:
    """Open a log-in with a code of the second factor; five tries, in five minutes.

    Raises:
        NotLoggedIn: the wait is over, used, or was never begun: begin anew with the password.
        BadCredentials: not the code, or one that was used before.

    """

    def take(tx: Transaction, account: Account) -> Awaitable[bool]:
        return second_factor.take(tx, account, code, now)

    return await _log_in_with(db, take, pending=pending, address=address, agent=agent, now=now)


async def log_in_with_key(
    db: Database,
    *,
    pending: str,
    credential: str,
    party: RelyingParty,
    address: str,
    agent: str = "",
    now: datetime,
) -> LoggedIn:
    """Open a log-in with what a security key signed.

    Raises:
        NotLoggedIn: as `log_in_with_code`.
        BadCredentials: it proves nothing, or was sent before.

    """

    def take(tx: Transaction, account: Account) -> Awaitable[bool]:
        return keys.take(tx, account.id, credential, "log_in", party, now)

    return await _log_in_with(db, take, pending=pending, address=address, agent=agent, now=now)


async def key_options(db: Database, *, pending: str, party: RelyingParty, now: datetime) -> str:
    """Return what the browser asks the key of a waiting log-in with, as JSON. Raises `NotLoggedIn`."""
    async with db.transaction(SYSTEM) as tx:
        _, account = await _waiting(tx, pending, now)
        return await keys.proof_options(tx, account.id, "log_in", party, now)


async def waiting_for(db: Database, *, pending: str, now: datetime) -> Pending:
    """Return what a log-in waits for. Raises `NotLoggedIn`."""
    async with db.reading(SYSTEM) as tx:
        _, account = await _waiting(tx, pending, now)
        return Pending(
            token=pending,
            has_app=account.totp_seed is not None,
            has_key=await security_keys.has_key(tx, account.id),
        )


def _by_address(address: str) -> str:
    return hash_of(f"address:{neighbourhood(address)}")


async def _waiting(tx: Transaction, pending: str, now: datetime) -> tuple[PendingLogin, Account]:
    found = await rows.pending(tx, hash_of(pending), now - PENDING_FOR)
    if found is None or found[0].tries >= CODE_TRIES or found[1].disabled_at is not None:
        raise NotLoggedIn
    return found


async def _log_in_with(
    db: Database,
    take: Callable[[Transaction, Account], Awaitable[bool]],
    *,
    pending: str,
    address: str,
    agent: str,
    now: datetime,
) -> LoggedIn:
    async with db.transaction(SYSTEM) as tx:
        waiting, account = await _waiting(tx, pending, now)
        # Counted before the proof is looked at, and whatever becomes of it.
        await rows.count_pending(tx, waiting.token_hash)
    async with db.transaction(SYSTEM) as tx:
        if await take(tx, account):
            await rows.end_pending(tx, waiting.token_hash)
            await rows.forgive(tx, hash_of(f"login:{account.login}"))
            await rows.uncount(tx, _by_address(address))
            return await _open(tx, account, address, agent, now)
    async with db.transaction(SYSTEM) as tx:
        by_name = hash_of(f"login:{account.login}")
        audit.record(
            tx, AuditAction.LOGIN_REFUSED, PUBLIC, "login", by_name, now, decision="refused"
        )
    raise BadCredentials


async def _wait_for_proof(
    tx: Transaction, account: Account, now: datetime, *, has_key: bool
) -> Pending:
    token = new_secret()
    await rows.end_pending_before(tx, now - PENDING_FOR)
    tx.add(PendingLogin(token_hash=hash_of(token), account_id=account.id, created_at=now, tries=0))
    return Pending(token, has_app=account.totp_seed is not None, has_key=has_key)


async def _open(
    tx: Transaction, account: Account, address: str, agent: str, now: datetime
) -> LoggedIn:
    token, session_id = new_secret(), new_id()
    await rows.end_sessions_before(tx, created_before=now - ABSOLUTE, seen_before=now - IDLE)
    await rows.end_oldest_sessions(tx, account.id, keep=MOST_LOG_INS - 1)
    tx.add(
        AuthSession(
            token_hash=hash_of(token),
            id=session_id,
            account_id=account.id,
            created_at=now,
            seen_at=now,
            verified_at=now,
            agent=agent[:LONGEST_AGENT],
            address=address,
        )
    )
    actor = actor_of_account(account, session_id)
    audit.record(tx, AuditAction.LOGGED_IN, actor, "login", hash_of(f"login:{account.login}"), now)
    told = logged_in(token, account, session_id, await held_by(tx, account, now), now)
    if account.factor_reset_at is not None:
        # What is returned says it; whoever logs in next was told.
        await rows.change_account(tx, account.id, factor_reset_at=None)
    return told


@dataclass(frozen=True)
class Held:
    """What an account has besides its own row: a security key, and a leader it works for now."""

    has_key: bool
    serves: str | None


async def held_by(tx: Transaction, account: Account, now: datetime) -> Held:
    """Return what an account has besides its own row."""
    serves = None
    if account.role is Role.SECRETARY:
        serves = await delegations.live(tx, account.id, now)
    return Held(
        has_key=await security_keys.has_key(tx, account.id),
        serves=None if serves is None else serves.leader_id,
    )


def logged_in(
    token: str, account: Account, session_id: str, held: Held, verified_at: datetime
) -> LoggedIn:
    """Return the log-in of an account that `token` opens."""
    return LoggedIn(
        token=token,
        csrf=_csrf(token),
        actor=actor_of_account(account, session_id, held.serves),
        verified_at=verified_at,
        must_change=account.must_change,
        password_changed_at=account.password_changed_at,
        has_app=account.totp_seed is not None,
        has_key=held.has_key,
        factor_reset_at=account.factor_reset_at,
    )


async def _rehash(db: Database, account_id: str, password: str) -> None:
    hashed = await hash_password(password)
    async with db.transaction(SYSTEM) as tx:
        await rows.change_account(tx, account_id, password_hash=hashed)


async def sessions_of(db: Database, *, actor: Actor, account_id: str) -> tuple[SessionView, ...]:
    """Return the log-ins of an account that hold: one's own, or those one administers.

    Raises:
        NotFound, NotAllowed: there is no such account, or it is none of the actor's.

    """
    async with db.reading(actor) as tx:
        await require_account(tx, account_id, actor)
        return tuple(
            SessionView(
                id=row.id,
                created_at=row.created_at,
                seen_at=row.seen_at,
                agent=row.agent,
                address=row.address,
                current=actor.credential == f"session:{row.id}",
            )
            for row in await rows.sessions_of(tx, account_id)
        )


async def end_session(
    db: Database, *, account_id: str, session_id: str, actor: Actor, now: datetime
) -> None:
    """End a log-in, with every page and room it is in; ending one that is over is no error.

    Raises:
        NotFound, NotAllowed: there is no such account, or it is none of the actor's.

    """
    async with db.transaction(actor) as tx:
        await require_account(tx, account_id, actor)
        if await rows.end_session_by_id(tx, account_id, session_id):
            audit.record(
                tx,
                AuditAction.SESSION_ENDED,
                actor,
                "account",
                account_id,
                now,
                login_id=session_id,
            )


async def require_account(tx: Transaction, account_id: str, actor: Actor) -> Account:
    """Return an account that is the actor's own, or that the actor administers.

    Raises:
        NotFound: there is none with this id.
        NotAllowed: it is none of the actor's.

    """
    account = await rows.account(tx, account_id)
    if account is None:
        raise NotFound(thing="account")
    if not (actor.kind == "account" and actor.id == account_id):
        require(actor, Action.MANAGE_USERS, Target(area_code=account.area_code))
    return account


async def actor_of_session(db: Database, *, token: str, now: datetime) -> LoggedIn:
    """Return who is behind a session token, and note its use.

    Raises:
        NotLoggedIn: unknown, ended, idle for 30 minutes, 12 hours old, or account disabled.

    """
    async with db.reading(SYSTEM) as tx:
        session, account = await require_session(tx, token, now)
        held = await held_by(tx, account, now)
    if now - session.seen_at >= SEEN_EVERY:
        async with db.transaction(SYSTEM) as tx:
            await rows.see_session(tx, session.token_hash, now)
    return logged_in(token, account, session.id, held, session.verified_at)


async def require_session(
    tx: Transaction, token: str, now: datetime
) -> tuple[AuthSession, Account]:
    """Return the log-in a token opens, and its account.

    Raises:
        NotLoggedIn: unknown, ended, idle for 30 minutes, 12 hours old, or account disabled.

    """
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
    return session, account


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
    must_change: bool = False,
    profile: Profile = Profile.DJBH3,
    by: Actor = SYSTEM,
    now: datetime,
) -> str:
    """Create an account and return its id; log-in names are not case-sensitive.

    With `must_change` the person has to choose another password first of all.

    Raises:
        BadInput: log-in or person's name is empty, the log-in is taken, the profile does not take
            the password, a leader or handler comes without leader or organ, or area,
            leader or organ are unknown.

    """
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
        password_hash="",
        password_changed_at=now,
        must_change=must_change,
        old_hashes=[],
        totp_seed=None,
        totp_step=0,
        recovery=[],
        factor_reset_at=None,
        created_at=now,
        disabled_at=None,
    )
    passwords.check(password, profile, account, "")
    account.password_hash = await hash_password(password)
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
    while True:
        groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
        password = "-".join(groups)
        if classes_of(password) >= RULES[Profile.DJBH3].classes:
            return password


def _csrf(token: str) -> str:
    # Derived, so that nothing more is stored; knowing it does not give the token.
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def actor_of_account(account: Account, session_id: str = "", serves: str | None = None) -> Actor:
    """Return who acts when this account is logged in; `serves` is a secretary's leader of now."""
    return Actor(
        kind="account",
        id=account.id,
        role=account.role,
        area_code=account.area_code,
        organ_id=account.organ_id,
        leader_id=serves if account.role is Role.SECRETARY else account.leader_id,
        name=account.name,
        credential=f"session:{session_id}" if session_id else "",
    )
