"""Rows of kiosks and their keys."""

from datetime import datetime

from sqlalchemy import select, update

from reception.storage.database import Transaction
from reception.storage.tables import Kiosk, Site


async def kiosk_by_hash(tx: Transaction, key_hash: str) -> tuple[Kiosk, Site] | None:
    """Return the kiosk with this key and its site."""
    found = await tx.execute(
        select(Kiosk, Site).join(Site, Kiosk.site_id == Site.id).where(Kiosk.key_hash == key_hash)
    )
    row = found.first()
    return None if row is None else (row[0], row[1])


async def see_kiosk(tx: Transaction, kiosk_id: str, now: datetime) -> None:
    """Note that a kiosk was heard of."""
    await tx.execute(update(Kiosk).where(Kiosk.id == kiosk_id).values(last_seen_at=now))
