"""Proving once more who one is, inside a log-in, before what must not be done for somebody else."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from reception.domain.access import SYSTEM
from reception.domain.audit import AuditAction
from reception.domain.errors import BadCredentials
from reception.domain.factors import RelyingParty
from reception.services import accounts, audit, second_factor, security_keys
from reception.services.accounts import Held, LoggedIn
from reception.services.hashing import matches
from reception.services.tries import count_try
from reception.storage import accounts as rows
from reception.storage.database import Database, Transaction
from reception.storage.ids import hash_of, new_secret
from reception.storage.tables import Account, AuthSession


async def confirm(db: Database, *, token: str, proof: str, now: datetime) -> LoggedIn:
    """Take a code of the second factor, or the password where there is none, as proof.

    The log-in goes on under a new token; the old one opens nothing any more. Tries count as those
    of a log-in do.

    Raises:
        NotLoggedIn: there is no such log-in any more.
        TooManyAttempts: `retry_seconds` says how long to wait.
        BadCredentials: it proves nothing.

    """
    session, account, held = await _begin(db, token, now)
    by_password = account.totp_seed is None and not held.has_key
    is_password = by_password and await matches(account.password_hash, proof)

    async def take(tx: Transaction) -> bool:
        return is_password if by_password else await second_factor.take(tx, account, proof, now)

    return await _end(db, session, account, held, take, now)


async def confirm_with_key(
    db: Database, *, token: str, credential: str, party: RelyingParty, now: datetime
) -> LoggedIn:
    """Take what a security key signed as proof, as `confirm`. Raises the same."""
    session, account, held = await _begin(db, token, now)

    async def take(tx: Transaction) -> bool:
        return await security_keys.take(tx, account.id, credential, "confirm", party, now)

    return await _end(db, session, account, held, take, now)


async def key_options(db: Database, *, token: str, party: RelyingParty, now: datetime) -> str:
    """Return what the browser asks the person's key with, as JSON. Raises `NotLoggedIn`."""
    async with db.transaction(SYSTEM) as tx:
        _, account = await accounts.require_session(tx, token, now)
        return await security_keys.proof_options(tx, account.id, "confirm", party, now)


async def _begin(db: Database, token: str, now: datetime) -> tuple[AuthSession, Account, Held]:
    async with db.transaction(SYSTEM) as tx:
        session, account = await accounts.require_session(tx, token, now)
        by_name = hash_of(f"login:{account.login}")
        await count_try(tx, {by_name: accounts.FREE_TRIES_OF_LOGIN}, now)
        return session, account, await accounts.held_by(tx, account, now)


async def _end(
    db: Database,
    session: AuthSession,
    account: Account,
    held: Held,
    take: Callable[[Transaction], Awaitable[bool]],
    now: datetime,
) -> LoggedIn:
    actor, fresh = accounts.actor_of_account(account, session.id), new_secret()
    async with db.transaction(actor) as tx:
        is_right = await take(tx) and await rows.renew_session(
            tx, session.token_hash, hash_of(fresh), now
        )
        if is_right:
            await rows.forgive(tx, hash_of(f"login:{account.login}"))
        audit.record(
            tx,
            AuditAction.IDENTITY_PROVED,
            actor,
            "account",
            account.id,
            now,
            decision="allowed" if is_right else "refused",
        )
    if not is_right:
        raise BadCredentials
    return accounts.logged_in(fresh, account, session.id, held, now)
