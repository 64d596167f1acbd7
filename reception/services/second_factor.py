"""The second factor: an authenticator app, and ten codes on paper for the day it is lost."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyotp

from reception.crypto.vault import Place
from reception.domain.access import Actor
from reception.domain.audit import AuditAction
from reception.domain.errors import BadCredentials, BadInput, NotAllowed
from reception.domain.factors import KEY_ROLES
from reception.domain.one_time import STEP_SECONDS, matching_step
from reception.services import audit
from reception.storage import accounts as rows
from reception.storage import security_keys
from reception.storage.database import Database, Transaction
from reception.storage.ids import hash_of
from reception.storage.tables import Account

_SECRET: Final = re.compile(r"[A-Z2-7]{32}", re.ASCII)

RECOVERY_CODES: Final = 10
ISSUER: Final = "视频接访"
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Seed:
    """A new seed that counts for nothing until a code of it was typed; `uri` for the QR picture."""

    secret: str
    uri: str


def new_seed(login: str) -> Seed:
    """Return a fresh seed for an authenticator app."""
    return seed_of(pyotp.random_base32(), login)


def seed_of(secret: str, login: str) -> Seed:
    """Return a seed with the address an app reads it from. Raises `BadInput` for no seed."""
    if not _SECRET.fullmatch(secret):
        raise BadInput(field="secret", reason="form")
    uri = pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=login, issuer_name=ISSUER)
    return Seed(secret, uri)


async def enrol(
    db: Database, *, secret: str, code: str, actor: Actor, now: datetime
) -> tuple[str, ...]:
    """Make an app the account's second factor; return recovery codes, shown this once.

    Raises:
        BadInput: no seed of ours.
        BadCredentials: the code is not the seed's code of now.
        NotAllowed: the account has a security key, and for its role an app would be less.

    """
    seed_of(secret, actor.name)
    step = matching_step(_digits(code), _codes_of(secret), now, last_used=0)
    if step is None:
        raise BadCredentials
    recovery = _recovery_codes()
    async with db.transaction(actor) as tx:
        if actor.role in KEY_ROLES and await security_keys.has_key(tx, actor.id):
            raise NotAllowed(reason="role")
        await rows.change_account(
            tx,
            actor.id,
            totp_seed=tx.vault.seal(_place(actor.id), secret),
            totp_step=step,
            recovery=[hash_of(one) for one in recovery],
        )
        audit.record(tx, AuditAction.FACTOR_ENROLLED, actor, "account", actor.id, now)
    return recovery


async def first_recovery_codes(tx: Transaction, account_id: str) -> tuple[str, ...]:
    """Give an account recovery codes and return them, or nothing when it has some."""
    account = await tx.get_one(Account, account_id, with_for_update=True)
    if account.recovery:
        return ()
    codes = _recovery_codes()
    account.recovery = [hash_of(one) for one in codes]
    return codes


async def take(tx: Transaction, account: Account, code: str, now: datetime) -> bool:
    """Take a code of the app or a recovery code, each once; return whether it was one."""
    if account.totp_seed is not None:
        secret = tx.vault.open(_place(account.id), account.totp_seed)
        step = matching_step(_digits(code), _codes_of(secret), now, last_used=account.totp_step)
        if step is not None:
            # Of two that come with one code at once, one is taken.
            return await rows.use_step(tx, account.id, before=account.totp_step, step=step)
    hashed = hash_of(code.strip().lower())
    if hashed not in account.recovery:
        return False
    left = [one for one in account.recovery if one != hashed]
    return await rows.use_recovery(tx, account.id, before=account.recovery, left=left)


def _recovery_codes() -> tuple[str, ...]:
    return tuple(
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(2))
        for _ in range(RECOVERY_CODES)
    )


def _codes_of(secret: str) -> Callable[[int], str]:
    return pyotp.TOTP(secret, interval=STEP_SECONDS).generate_otp


def _digits(code: str) -> str:
    return "".join(char for char in code if char.isascii() and char.isdigit())


def _place(account_id: str) -> Place:
    return Place("account", "totp_seed", account_id)
