"""What is sealed right under the installation's keys: the keys of cases, and seeds of authenticators."""

from collections.abc import Sequence

from sqlalchemy import select

from reception.crypto.vault import Place
from reception.storage.contents import key_place
from reception.storage.database import Transaction
from reception.storage.tables import Account, PetitionCase

Held = tuple[str, bytes]
"""The id of a row and its sealed value."""


def seed_place(account_id: str) -> Place:
    """Return where the seed of an account's authenticator stands."""
    return Place("account", "totp_seed", account_id)


async def case_keys(tx: Transaction, after: str, limit: int) -> Sequence[Held]:
    """Return the sealed keys of cases whose ids come after `after`, by id."""
    found = await tx.execute(
        select(PetitionCase.id, PetitionCase.data_key)
        .where(PetitionCase.id > after, PetitionCase.data_key.is_not(None))
        .order_by(PetitionCase.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in found if row[1] is not None]


async def seeds(tx: Transaction, after: str, limit: int) -> Sequence[Held]:
    """Return the sealed seeds of accounts whose ids come after `after`, by id."""
    found = await tx.execute(
        select(Account.id, Account.totp_seed)
        .where(Account.id > after, Account.totp_seed.is_not(None))
        .order_by(Account.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in found if row[1] is not None]


async def reseal_case_key(tx: Transaction, case_id: str) -> None:
    """Seal the key of a case anew, as it stands under a lock: one destroyed meanwhile stays so."""
    case = await tx.get_one(PetitionCase, case_id, with_for_update=True)
    if case.data_key is not None:
        place = key_place(case_id)
        case.data_key = tx.vault.seal_bytes(place, tx.vault.open_bytes(place, case.data_key))


async def reseal_seed(tx: Transaction, account_id: str) -> None:
    """Seal the seed of an account anew, as it stands under a lock."""
    account = await tx.get_one(Account, account_id, with_for_update=True)
    if account.totp_seed is not None:
        place = seed_place(account_id)
        account.totp_seed = tx.vault.seal_bytes(
            place, tx.vault.open_bytes(place, account.totp_seed)
        )
