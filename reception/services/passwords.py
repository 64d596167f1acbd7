"""Choosing a password: the rules of the profile, the common lists, and the earlier ones."""

from datetime import datetime
from functools import cache
from typing import Final

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from reception.domain.access import Actor
from reception.domain.audit import AuditAction
from reception.domain.errors import BadCredentials, BadInput, NotFound
from reception.domain.passwords import RULES, Profile, check_password
from reception.services import audit
from reception.services.hashing import hash_password, matches
from reception.storage import accounts as rows
from reception.storage import places
from reception.storage.database import Database
from reception.storage.tables import Account

_OF_THE_TRADE: Final = ("信访", "接访", "xinfang", "jiefang", "reception")


async def change(
    db: Database,
    *,
    old: str,
    new: str,
    profile: Profile,
    actor: Actor,
    keep: str,
    now: datetime,
) -> None:
    """Let a person choose another password; every other log-in of the account ends.

    Args:
        keep: the id of the log-in that goes on.

    Raises:
        BadCredentials: `old` is not the password.
        BadInput: the profile does not take `new`, or it is one of the last ones.

    """
    async with db.reading(actor) as tx:
        account = await rows.account(tx, actor.id)
        if account is None:
            raise NotFound(thing="account")
        area = await places.area(tx, account.area_code)
    if not await matches(account.password_hash, old):
        raise BadCredentials
    check(new, profile, account, "" if area is None else area.name)
    for earlier in (account.password_hash, *account.old_hashes)[: RULES[profile].remembered]:
        if await matches(earlier, new):
            raise BadInput(field="password", reason="used_before")
    hashed = await hash_password(new)
    async with db.transaction(actor) as tx:
        kept = [account.password_hash, *account.old_hashes][: RULES[profile].remembered]
        await rows.change_account(
            tx,
            account.id,
            password_hash=hashed,
            old_hashes=kept,
            password_changed_at=now,
            must_change=False,
        )
        await rows.end_sessions_of(tx, account.id, keep=keep)
        audit.record(tx, AuditAction.PASSWORD_CHANGED, actor, "account", account.id, now)


def check(password: str, profile: Profile, account: Account, area_name: str) -> None:
    """Go on only with a password the profile takes for this account. Raises `BadInput`."""
    words = (account.login, account.name, area_name, *_OF_THE_TRADE)
    check_password(password, profile, common=_common(), words=words)


@cache
def _common() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"])
