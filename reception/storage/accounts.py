"""Rows of accounts, log-ins and API tokens."""

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reception.storage.database import Transaction
from reception.storage.tables import Account, ApiToken, AuthSession, LoginFailure


async def account_by_login(tx: Transaction, login: str) -> Account | None:
    """Return the account with this log-in name, also when it is disabled."""
    return await tx.scalar(select(Account).where(Account.login == login))


async def account(tx: Transaction, account_id: str) -> Account | None:
    """Return the account with this id, also when it is disabled."""
    return await tx.get(Account, account_id)


async def count_attempt(tx: Transaction, key_hash: str, now: datetime, forget: datetime) -> None:
    """Count one more attempt; a count whose last attempt is older than `forget` starts anew."""
    insert = sqlite.insert if tx.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(LoginFailure).values(key_hash=key_hash, failures=1, last_at=now)
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=[LoginFailure.key_hash],
            set_={
                "failures": func.coalesce(
                    select(LoginFailure.failures + 1)
                    .where(LoginFailure.key_hash == key_hash, LoginFailure.last_at >= forget)
                    .scalar_subquery(),
                    1,
                ),
                "last_at": now,
            },
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


async def token_by_hash(tx: Transaction, token_hash: str) -> ApiToken | None:
    """Return the API token with this hash, also when it was revoked."""
    return await tx.scalar(select(ApiToken).where(ApiToken.token_hash == token_hash))
