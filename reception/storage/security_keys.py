"""Rows of security keys and of what they are to sign."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, exists, select, update

from reception.storage.database import Transaction
from reception.storage.tables import KeyChallenge, SecurityKey

Purpose = Literal["enrol", "log_in", "confirm"]


async def keys_of(tx: Transaction, account_id: str) -> Sequence[SecurityKey]:
    """Return the security keys of an account, the oldest first."""
    query = (
        select(SecurityKey)
        .where(SecurityKey.account_id == account_id)
        .order_by(SecurityKey.created_at, SecurityKey.id)
    )
    return (await tx.scalars(query)).all()


async def has_key(tx: Transaction, account_id: str) -> bool:
    """Return whether an account has a security key."""
    query = select(exists().where(SecurityKey.account_id == account_id))
    return bool(await tx.scalar(query))


async def accounts_with_key(tx: Transaction) -> frozenset[str]:
    """Return every account that has a security key."""
    return frozenset(await tx.scalars(select(SecurityKey.account_id).distinct()))


async def use_key(
    tx: Transaction, key_id: str, *, before: int, sign_count: int, now: datetime
) -> bool:
    """Note what a key says it has signed, if it did not say more meanwhile."""
    used = await tx.execute(
        update(SecurityKey)
        .where(SecurityKey.id == key_id, SecurityKey.sign_count == before)
        .values(sign_count=sign_count, used_at=now)
        .returning(SecurityKey.id)
        .execution_options(synchronize_session=False)
    )
    return used.first() is not None


async def remove_key(tx: Transaction, account_id: str, key_id: str) -> bool:
    """Forget a key of an account; return whether there was one."""
    removed = await tx.execute(
        delete(SecurityKey)
        .where(SecurityKey.id == key_id, SecurityKey.account_id == account_id)
        .returning(SecurityKey.id)
    )
    return removed.first() is not None


async def remove_keys(tx: Transaction, account_id: str) -> None:
    """Forget the keys of an account."""
    await tx.execute(delete(SecurityKey).where(SecurityKey.account_id == account_id))


async def use_challenge(
    tx: Transaction, challenge_hash: str, account_id: str, purpose: Purpose, since: datetime
) -> bool:
    """Use a challenge up; of many callers exactly one gets True."""
    used = await tx.execute(
        delete(KeyChallenge)
        .where(
            KeyChallenge.challenge_hash == challenge_hash,
            KeyChallenge.account_id == account_id,
            KeyChallenge.purpose == purpose,
            KeyChallenge.created_at > since,
        )
        .returning(KeyChallenge.challenge_hash)
    )
    return used.first() is not None


async def end_challenges_before(tx: Transaction, before: datetime) -> None:
    """Forget the challenges that nobody answered."""
    await tx.execute(delete(KeyChallenge).where(KeyChallenge.created_at <= before))
