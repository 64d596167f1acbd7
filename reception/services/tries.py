"""Guesses at secrets: counted by who guesses, and slowed down, never locked out for good."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from reception.domain.access import SYSTEM
from reception.domain.errors import CodeUnknown, TooManyAttempts
from reception.storage import accounts as rows
from reception.storage.database import Database, Transaction
from reception.storage.ids import hash_of
from reception.storage.tables import LoginFailure

FREE_CODES: Final = 20
LONGEST_DELAY: Final = timedelta(seconds=42)
FORGET_AFTER: Final = timedelta(minutes=15)

_SUBSCRIBER: Final = 64
"""Bits of an IPv6 address that one subscriber does not choose; the other half is theirs."""


async def count_try(tx: Transaction, keys: Mapping[str, int], now: datetime) -> None:
    """Count a try at each key, which has so many free ones.

    To be called before the secret is looked at: parallel tries must not slip through.

    Raises:
        TooManyAttempts: `retry_seconds` says how long to wait.

    """
    for key, free in keys.items():
        _refuse_too_early(await rows.failures_of(tx, key), free, now)
    await rows.forget_attempts(tx, now - FORGET_AFTER)
    for key in keys:
        await rows.count_attempt(tx, key, now)


@asynccontextmanager
async def looking_up(db: Database, *, by: str, now: datetime) -> AsyncIterator[None]:
    """Look something up by a code from a slip; codes that lead nowhere are counted.

    Args:
        by: whose guesses these are: a machine, a person, or an address where nobody is known.
            Others are not slowed down by them.

    Raises:
        TooManyAttempts: 20 wrong ones in a row; `retry_seconds` says how long to wait.

    """
    key = hash_of(f"code:{by}")
    async with db.transaction(SYSTEM) as tx:
        await count_try(tx, {key: FREE_CODES}, now)
    is_wrong = False
    try:
        yield
    except CodeUnknown:
        is_wrong = True
        raise
    finally:
        if not is_wrong:
            # Only this one: a code that is right must not cover guesses at others.
            async with db.transaction(SYSTEM) as tx:
                await rows.uncount(tx, key)


def neighbourhood(address: str) -> str:
    """Return what tries from an address are counted by: an IPv6 address counts as its /64.

    One machine has all of a /64, and would never run out of fresh addresses. What is no address
    is counted as it is.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(ip_network((found, _SUBSCRIBER), strict=False))
    return str(found)


def _refuse_too_early(failure: LoginFailure | None, free: int, now: datetime) -> None:
    if failure is None or failure.failures < free or now - failure.last_at >= FORGET_AFTER:
        return
    delay = min(LONGEST_DELAY, timedelta(seconds=2 ** min(failure.failures - free, 6)))
    left = failure.last_at + delay - now
    if left > timedelta(0):
        raise TooManyAttempts(retry_seconds=max(1, round(left.total_seconds())))
