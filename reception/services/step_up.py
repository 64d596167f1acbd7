"""Proving once more who one is, inside a log-in, before what must not be done for somebody else."""

from datetime import datetime

from reception.domain.access import SYSTEM
from reception.domain.audit import AuditAction
from reception.domain.errors import BadCredentials
from reception.services import accounts, audit, second_factor
from reception.services.accounts import LoggedIn
from reception.services.hashing import matches
from reception.storage import accounts as rows
from reception.storage.database import Database
from reception.storage.ids import hash_of, new_secret


async def confirm(db: Database, *, token: str, proof: str, now: datetime) -> LoggedIn:
    """Take a code of the second factor, or the password where there is none, as proof.

    The log-in goes on under a new token; the old one opens nothing any more. Tries count as those
    of a log-in do.

    Raises:
        NotLoggedIn: there is no such log-in any more.
        TooManyAttempts: `retry_seconds` says how long to wait.
        BadCredentials: it proves nothing.

    """
    async with db.transaction(SYSTEM) as tx:
        session, account = await accounts.require_session(tx, token, now)
        by_name = hash_of(f"login:{account.login}")
        await accounts.count_try(tx, {by_name: accounts.FREE_TRIES_OF_LOGIN}, now)
    actor = accounts.actor_of_account(account, session.id)
    by_password = account.totp_seed is None
    is_right = by_password and await matches(account.password_hash, proof)
    fresh = new_secret()
    async with db.transaction(actor) as tx:
        if not by_password:
            is_right = await second_factor.take(tx, account, proof, now)
        if is_right and await rows.renew_session(tx, session.token_hash, hash_of(fresh), now):
            await rows.forgive(tx, by_name)
            audit.record(tx, AuditAction.IDENTITY_PROVED, actor, "account", account.id, now)
            return accounts.logged_in(fresh, account, session.id, now)
        audit.record(
            tx,
            AuditAction.IDENTITY_PROVED,
            actor,
            "account",
            account.id,
            now,
            decision="refused",
        )
    raise BadCredentials
