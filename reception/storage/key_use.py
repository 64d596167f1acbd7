"""What is sealed right under the installation's keys: the keys of cases, and seeds of authenticators."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select

from reception.storage.contents import place_of
from reception.storage.database import Transaction
from reception.storage.tables import Account, PetitionCase

Kind = type[PetitionCase] | type[Account]

COLUMNS: Final[dict[Kind, str]] = {PetitionCase: "data_key", Account: "totp_seed"}
"""The column of each table whose values are; all other sealed values lie under a case's key."""

Held = tuple[str, bytes]
"""The id of a row and its sealed value."""


async def held(tx: Transaction, kind: Kind, after: str, limit: int) -> Sequence[Held]:
    """Return the sealed values of rows whose ids come after `after`, by id."""
    column = getattr(kind, COLUMNS[kind])
    found = await tx.execute(
        select(kind.id, column)
        .where(kind.id > after, column.is_not(None))
        .order_by(kind.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in found]


async def reseal(tx: Transaction, kind: Kind, row_id: str) -> None:
    """Seal a value anew, as it stands under a lock: one destroyed meanwhile stays so."""
    row, column = await tx.get_one(kind, row_id, with_for_update=True), COLUMNS[kind]
    sealed = getattr(row, column)
    if sealed is not None:
        place = place_of(row, column)
        setattr(row, column, tx.vault.seal_bytes(place, tx.vault.open_bytes(place, sealed)))
