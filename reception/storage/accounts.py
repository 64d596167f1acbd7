"""Rows of accounts, log-ins and API tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reception.storage.database import Transaction
from reception.storage.places import inside
from reception.storage.tables import Account, ApiToken, AuthSession, LoginFailure, PendingLogin


async def account_by_login(tx: Transaction, login: str) -> Account | None:
    """Return the account with this log-in name, also when it is disabled."""
    return await tx.scalar(select(Account).where(Account.login == login))


async def account(tx: Transaction, account_id: str) -> Account | None:
    """Return the account with this id, also when it is disabled."""
    return await tx.get(Account, account_id)


async def forget_attempts(tx: Transaction, before: datetime) -> None:
    """Delete the counts whose last attempt is older than `before`: they count no longer."""
    await tx.execute(delete(LoginFailure).where(LoginFailure.last_at < before))


async def count_attempt(tx: Transaction, key_hash: str, now: datetime) -> None:
    """Count one more attempt."""
    insert = sqlite.insert if tx.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(LoginFailure).values(key_hash=key_hash, failures=1, last_at=now)
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=[LoginFailure.key_hash],
            set_={"failures": LoginFailure.failures + 1, "last_at": now},
        )
    )


async def failures_of(tx: Transaction, key_hash: str) -> LoginFailure | None:
    """Return the failures counted for this key."""
    return await tx.get(LoginFailure, key_hash)


async def forgive(tx: Transaction, key_hash: str) -> None:
    """Forget the failures counted for this key."""
    await tx.execute(delete(LoginFailure).where(LoginFailure.key_hash == key_hash))


async def uncount(tx: Transaction, key_hash: str) -> None:
    """Take one attempt back: it succeeded."""
    await tx.execute(
        update(LoginFailure)
        .where(LoginFailure.key_hash == key_hash, LoginFailure.failures > 0)
        .values(failures=LoginFailure.failures - 1)
        .execution_options(synchronize_session=False)
    )


async def session_with_account(
    tx: Transaction, token_hash: str
) -> tuple[AuthSession, Account] | None:
    """Return a log-in and its account."""
    found = await tx.execute(
        select(AuthSession, Account)
        .join(Account, AuthSession.account_id == Account.id)
        .where(AuthSession.token_hash == token_hash)
    )
    row = found.first()
    return None if row is None else (row[0], row[1])


async def see_session(tx: Transaction, token_hash: str, now: datetime) -> None:
    """Note that a log-in was used."""
    await tx.execute(
        update(AuthSession).where(AuthSession.token_hash == token_hash).values(seen_at=now)
    )


async def renew_session(tx: Transaction, token_hash: str, fresh_hash: str, now: datetime) -> bool:
    """Let a log-in whose person has just proved who they are go on under another token."""
    renewed = await tx.execute(
        update(AuthSession)
        .where(AuthSession.token_hash == token_hash)
        .values(token_hash=fresh_hash, verified_at=now, seen_at=now)
        .returning(AuthSession.id)
        .execution_options(synchronize_session=False)
    )
    return renewed.first() is not None


async def end_session(tx: Transaction, token_hash: str) -> None:
    """Forget a log-in."""
    await tx.execute(delete(AuthSession).where(AuthSession.token_hash == token_hash))


async def end_sessions_before(
    tx: Transaction, *, created_before: datetime, seen_before: datetime
) -> None:
    """Forget the log-ins that ran out."""
    await tx.execute(
        delete(AuthSession).where(
            (AuthSession.created_at <= created_before) | (AuthSession.seen_at <= seen_before)
        )
    )


async def sessions_of(tx: Transaction, account_id: str) -> Sequence[AuthSession]:
    """Return the log-ins of an account, the one used last first."""
    query = (
        select(AuthSession)
        .where(AuthSession.account_id == account_id)
        .order_by(AuthSession.seen_at.desc(), AuthSession.id)
    )
    return (await tx.scalars(query)).all()


async def session_by_id(tx: Transaction, session_id: str) -> tuple[AuthSession, Account] | None:
    """Return a log-in and its account."""
    found = await tx.execute(
        select(AuthSession, Account)
        .join(Account, AuthSession.account_id == Account.id)
        .where(AuthSession.id == session_id)
    )
    row = found.first()
    return None if row is None else (row[0], row[1])


async def end_session_by_id(tx: Transaction, account_id: str, session_id: str) -> bool:
    """Forget a log-in of an account; return whether there was one."""
    ended = await tx.execute(
        delete(AuthSession)
        .where(AuthSession.id == session_id, AuthSession.account_id == account_id)
        .returning(AuthSession.id)
    )
    return ended.first() is not None


async def end_sessions_of(tx: Transaction, account_id: str, *, keep: str = "") -> None:
    """Forget the log-ins of an account, but for the one to keep."""
    await tx.execute(
        delete(AuthSession).where(AuthSession.account_id == account_id, AuthSession.id != keep)
    )


async def end_oldest_sessions(tx: Transaction, account_id: str, *, keep: int) -> None:
    """Forget the log-ins of an account but for the ones used last."""
    kept = (
        select(AuthSession.id)
        .where(AuthSession.account_id == account_id)
        .order_by(AuthSession.seen_at.desc(), AuthSession.created_at.desc(), AuthSession.id)
        .limit(keep)
    )
    await tx.execute(
        delete(AuthSession)
        .where(AuthSession.account_id == account_id, AuthSession.id.not_in(kept))
        .execution_options(synchronize_session=False)
    )


async def change_account(tx: Transaction, account_id: str, **values: object) -> None:
    """Write columns of an account."""
    await tx.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def use_step(tx: Transaction, account_id: str, *, before: int, step: int) -> bool:
    """Note the step of a one-time code as used, if no other code was meanwhile."""
    used = await tx.execute(
        update(Account)
        .where(Account.id == account_id, Account.totp_step == before)
        .values(totp_step=step)
        .returning(Account.id)
        .execution_options(synchronize_session=False)
    )
    return used.first() is not None


async def use_recovery(
    tx: Transaction, account_id: str, *, before: list[Any], left: list[Any]
) -> bool:
    """Take a recovery code away, if it is still there."""
    account = await tx.get_one(Account, account_id, with_for_update=True)
    if account.recovery != before:
        return False
    account.recovery = left
    return True


async def pending(
    tx: Transaction, token_hash: str, since: datetime
) -> tuple[PendingLogin, Account] | None:
    """Return a log-in that waits for its code since no earlier than an instant."""
    found = await tx.execute(
        select(PendingLogin, Account)
        .join(Account, PendingLogin.account_id == Account.id)
        .where(PendingLogin.token_hash == token_hash, PendingLogin.created_at > since)
    )
    row = found.first()
    return None if row is None else (row[0], row[1])


async def count_pending(tx: Transaction, token_hash: str) -> None:
    """Count a try at a waiting log-in."""
    await tx.execute(
        update(PendingLogin)
        .where(PendingLogin.token_hash == token_hash)
        .values(tries=PendingLogin.tries + 1)
        .execution_options(synchronize_session=False)
    )


async def end_pending(tx: Transaction, token_hash: str) -> None:
    """Forget a waiting log-in."""
    await tx.execute(delete(PendingLogin).where(PendingLogin.token_hash == token_hash))


async def end_pending_before(tx: Transaction, before: datetime) -> None:
    """Forget the waiting log-ins that nobody went on with."""
    await tx.execute(delete(PendingLogin).where(PendingLogin.created_at <= before))


async def accounts(tx: Transaction, within: str) -> Sequence[Account]:
    """Return the accounts of an area by log-in name, disabled ones too."""
    query = select(Account).where(inside(Account.area_code, within)).order_by(Account.login)
    return (await tx.scalars(query)).all()


async def token(tx: Transaction, token_id: str) -> ApiToken | None:
    """Return the API token with this id, also when it was revoked."""
    return await tx.get(ApiToken, token_id)


async def token_by_hash(tx: Transaction, token_hash: str) -> ApiToken | None:
    """Return the API token with this hash, also when it was revoked."""
    return await tx.scalar(select(ApiToken).where(ApiToken.token_hash == token_hash))
